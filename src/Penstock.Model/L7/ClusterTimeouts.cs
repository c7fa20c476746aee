// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>How long an endpoint may take.</summary>
public sealed record ClusterTimeouts
{
    /// <summary>To accept a connection. Default 5 s (Envoy: connect_timeout).</summary>
    [Range("1ms", "5m")]
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the end of the request to the head of the response. Default 15 s (Envoy: route timeout).</summary>
    [Range("1ms", "24h")]
    public TimeSpan Response { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Between two reads of a response body, two writes of a request body, or two moves of a tunnel. Default 5 min (Envoy: stream idle timeout).</summary>
    [Range("1ms", "24h")]
    public TimeSpan Body { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long an unused connection is kept; keep it below the endpoint's own. Default 50 s (nginx's own is 60 s).</summary>
    [Range("1ms", "24h")]
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(50);
}
