// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Telemetry.Http;

/// <summary>What one client of a <see cref="ControlHttpServer"/> may send, hold and take.</summary>
public sealed record ControlHttpLimits
{
    /// <summary>Bytes of a request's head. Default 8 KiB (nginx: large_client_header_buffers).</summary>
    public int HeadBytes { get; init; } = 8 << 10;

    /// <summary>Number of header fields. Default 64; a browser sends about 20.</summary>
    public int HeaderCount { get; init; } = 64;

    /// <summary>Bytes of a request's content. Default 64 KiB.</summary>
    public int BodyBytes { get; init; } = 64 << 10;

    /// <summary>Open connections; a further one takes the place of the one that has waited longest for a request. Default 64.</summary>
    public int Connections { get; init; } = 64;

    /// <summary>From the accept, or the first byte of a further request, to its last byte, and for the client to take the answer. Default 10 s.</summary>
    public TimeSpan Transfer { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Between two requests on one connection. Default 2 min: Prometheus' default scrape interval is 1 min.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(2);
}
