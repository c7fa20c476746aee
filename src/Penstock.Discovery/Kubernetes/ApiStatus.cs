// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>A Status object: why the API server refuses.</summary>
/// <param name="Code">HTTP status; 0: none is named.</param>
/// <param name="Message">For people, on one line.</param>
internal sealed record ApiStatus(int Code, string Message);
