// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Peers;
using Penstock.L4;
using Penstock.L7;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Model.Observability;
using Penstock.Telemetry;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Running;

/// <summary>Publishes a snapshot to everything that runs by it, all or nothing: what can fail comes first and is undone when a later step fails.</summary>
/// <param name="balancer">The L4 tier.</param>
/// <param name="engine">The proxy tier.</param>
/// <param name="vrrp">The VRRP instances.</param>
/// <param name="bgp">The addresses that are announced.</param>
/// <param name="peers">What peers are told, and asked.</param>
/// <param name="metrics">The metrics listener.</param>
/// <param name="accessLog">The access log.</param>
internal sealed class SnapshotPublisher(IL4Engine balancer, L7Engine engine, VrrpTier vrrp, BgpTier bgp, PeerTier peers, MetricsListener metrics, AccessLog accessLog)
{
    private Snapshot? _running;
    private AccessLogConfig? _logged;
    private IReadOnlyList<AccessLogRing>? _rings;

    /// <summary>Publishes.</summary>
    /// <exception cref="L4ApplyException">Services could not be put in place; what ran before runs on.</exception>
    /// <exception cref="L7ApplyException">Something could not be bound; what ran before runs on.</exception>
    /// <exception cref="AddressApplyException">Virtual addresses could not be put in place; what ran before runs on.</exception>
    public void Apply(Snapshot snapshot)
    {
        var config = snapshot.Config;
        var socket = metrics.Open(config.Metrics);
        try
        {
            ApplyTiers(snapshot);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }

        _running = snapshot;
        peers.Follow(snapshot);

        metrics.Adopt(config.Metrics, socket);
        if (config.L7.AccessLog == _logged && ReferenceEquals(engine.AccessLogRings, _rings)) return;
        _logged = config.L7.AccessLog;
        _rings = engine.AccessLogRings;
        accessLog.Apply(_logged, _rings);
    }

    // Announced addresses are the host's before anything is bound to them.
    private void ApplyTiers(Snapshot snapshot)
    {
        bgp.Prepare(snapshot);
        try
        {
            ApplyServices(snapshot);
        }
        catch
        {
            bgp.TakeBack();
            throw;
        }
    }

    private void ApplyServices(Snapshot snapshot)
    {
        balancer.Apply(snapshot);
        try
        {
            ApplyProxy(snapshot);
        }
        catch
        {
            if (_running is not null)
                balancer.Apply(_running);
            throw;
        }
    }

    // Addresses come last: what serves them is there by then.
    private void ApplyProxy(Snapshot snapshot)
    {
        engine.Apply(snapshot);
        try
        {
            ApplyAddresses(snapshot);
        }
        catch
        {
            if (_running is not null)
                engine.Apply(_running);
            throw;
        }
    }

    private void ApplyAddresses(Snapshot snapshot)
    {
        vrrp.Apply(snapshot);
        try
        {
            bgp.Apply(snapshot);
        }
        catch
        {
            if (_running is not null)
                vrrp.Apply(_running);
            else
                vrrp.TakeBack();
            throw;
        }
    }
}
