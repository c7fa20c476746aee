// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>Paths of the admin API. A change that a client would notice gets a new version in front.</summary>
internal static class AdminPaths
{
    /// <summary>GET: <see cref="StatusReport"/>.</summary>
    public const string Status = "/v1/status";

    /// <summary>POST: <see cref="ReloadReport"/>, with 422 when the reload was refused.</summary>
    public const string Reload = "/v1/reload";

    /// <summary>GET: the running configuration, with every default filled in.</summary>
    public const string Config = "/v1/config";

    /// <summary>GET: the running snapshot: its generation and the endpoints of every cluster.</summary>
    public const string Snapshot = "/v1/snapshot";

    /// <summary>GET with <c>?src=…&amp;dst=…&amp;proto=…</c>: what would become of a packet at L4.</summary>
    public const string ExplainPacket = "/v1/explain/packet";

    /// <summary>GET: <see cref="NodeReport"/>.</summary>
    public const string Node = "/v1/node";

    /// <summary>POST: takes the host out and returns at once with a <see cref="NodeReport"/>; 500: it could not be recorded, and nothing has changed.</summary>
    public const string Drain = "/v1/node/drain";

    /// <summary>POST: takes it back in, likewise.</summary>
    public const string Ready = "/v1/node/ready";
}
