// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>Paths of the admin API. A change that a client would notice gets a new version in front.</summary>
internal static class AdminPaths
{
    /// <summary>GET: <see cref="StatusReport"/>.</summary>
    public const string Status = "/v1/status";

    /// <summary>
    /// POST, with <c>by</c> and <c>why</c>, and <c>confirm=SECONDS</c> after which what ran before comes back: <see cref="ReloadReport"/>, with 422 when the reload was refused.
    /// </summary>
    public const string Reload = "/v1/reload";

    /// <summary>POST, with <c>by</c>: what runs stays: <see cref="ReloadReport"/>, with 422 when nothing waits to be confirmed.</summary>
    public const string Confirm = "/v1/reload/confirm";

    /// <summary>POST, with <c>number</c>, <c>by</c> and <c>why</c>: brings back a configuration that has run: <see cref="ReloadReport"/>, with 422 when it can't be.</summary>
    public const string Rollback = "/v1/rollback";

    /// <summary>GET: <see cref="HistoryReport"/>.</summary>
    public const string History = "/v1/history";

    /// <summary>GET with <c>number</c>: a configuration that has run, with its text.</summary>
    public const string HistoryEntry = "/v1/history/entry";

    /// <summary>GET: <see cref="DiffReport"/>.</summary>
    public const string Diff = "/v1/diff";

    /// <summary>GET: the running configuration, with every default filled in.</summary>
    public const string Config = "/v1/config";

    /// <summary>GET: the running snapshot: its generation and the endpoints of every cluster.</summary>
    public const string Snapshot = "/v1/snapshot";

    /// <summary>GET with <c>?src=…&amp;dst=…&amp;proto=…</c>: what would become of a packet at L4.</summary>
    public const string ExplainPacket = "/v1/explain/packet";

    /// <summary>GET with <c>?method=…&amp;url=…</c>, and <c>headers</c>, a line each, and <c>listener</c>: what would become of a request at L7.</summary>
    public const string ExplainRequest = "/v1/explain/request";

    /// <summary>POST with an <see cref="OverrideQuestion"/> as query: <see cref="OverrideOutcome"/>, with 422 when there is no such thing; 500: it could not be recorded, and nothing has changed.</summary>
    public const string Overrides = "/v1/overrides";

    /// <summary>GET: <see cref="NodeReport"/>.</summary>
    public const string Node = "/v1/node";

    /// <summary>POST, with <c>by</c> and <c>why</c>: takes the host out and returns at once with a <see cref="NodeReport"/>; 500: it could not be recorded, and nothing has changed.</summary>
    public const string Drain = "/v1/node/drain";

    /// <summary>POST, with <c>by</c>, <c>why</c> and <c>after=SECONDS</c>: likewise, and what is left on it is ended after that time.</summary>
    public const string Maintenance = "/v1/node/maintenance";

    /// <summary>POST, with <c>by</c> and <c>why</c>: takes it back in, likewise.</summary>
    public const string Ready = "/v1/node/ready";
}
