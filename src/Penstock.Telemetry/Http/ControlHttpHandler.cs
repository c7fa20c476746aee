// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Telemetry.Http;

/// <summary>Answers one request of a <see cref="ControlHttpServer"/>. Runs concurrently with itself.</summary>
/// <param name="request">The request, whole.</param>
/// <param name="cancellation">The server is being stopped.</param>
public delegate ValueTask<ControlHttpResponse> ControlHttpHandler(ControlHttpRequest request, CancellationToken cancellation);
