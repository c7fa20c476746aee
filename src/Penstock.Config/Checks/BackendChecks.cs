// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L4;

namespace Penstock.Config.Checks;

/// <summary>Backends of an L4 service: each once, and such that its forwarding can reach them.</summary>
internal static class BackendChecks
{
    /// <summary>Checks those of one service.</summary>
    /// <param name="service">The service.</param>
    /// <param name="engine">What balances.</param>
    /// <param name="at">Its backends.</param>
    /// <param name="written">Whether they are written.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(ServiceConfig service, L4Engine engine, Cursor at, bool written, DiagnosticSink sink)
    {
        var seen = new Dictionary<(System.Net.IPAddress, int?), Cursor>();
        var ids = new Dictionary<int, Cursor>();
        for (var i = 0; i < service.Backends.Length; i++)
        {
            if (service.Backends[i] is not { Address: not null } backend)
                continue;
            var here = at[i];
            if (!seen.TryAdd((backend.Address, PortOf(service, engine, backend)), here["address"]))
                sink.Error(here["address"].Node, here["address"].Path, $"backend {backend.Address} a second time", $"each backend once; first at {seen[(backend.Address, PortOf(service, engine, backend))].Where}");
            if (service.Listen is not null)
                CheckAddress(service, service.Listen, engine, backend, here, sink);
            CheckLink(service, backend, here, sink);
            CheckQuicId(service.Quic, backend, here, ids, sink);
        }

        if (written && service.Backends.Length > 0 && service.Backends.All(backend => backend is { Weight: 0 }))
            sink.Error(at.Node, at.Path, "every weight 0", "at least one weight above 0");
    }

    // Where a port that is not written is the same as one that is.
    private static int? PortOf(ServiceConfig service, L4Engine engine, BackendConfig backend) => service.Forwarding switch
    {
        Forwarding.DsrGue => backend.Port ?? BackendConfig.GuePort,
        Forwarding.Nat when engine == L4Engine.Ipvs => backend.Port ?? service.Listen?.FirstPort,
        _ => backend.Port,
    };

    private static void CheckAddress(ServiceConfig service, ServiceAddress listen, L4Engine engine, BackendConfig backend, Cursor at, DiagnosticSink sink)
    {
        if (backend.Address.AddressFamily != listen.Address.AddressFamily && (service.Forwarding is Forwarding.DsrL2 || (service.Forwarding is Forwarding.Nat && engine != L4Engine.Userspace)))
            sink.Error(at["address"].Node, at["address"].Path, $"backend {backend.Address} for a service at {listen.Address}", "an address of the same family, or a tunnel: dsr-ipip or dsr-gue");
        if (backend.Address.Equals(listen.Address) && !IsOtherPort(listen, engine, backend))
            sink.Error(at["address"].Node, at["address"].Path, $"the service's own address {listen.Address} as a backend", "the real server's address");
        if (backend.Port is not null && service.Forwarding is not (Forwarding.DsrGue or Forwarding.Nat))
            sink.Error(at.AtKey("port").Node, at["port"].Path, "a port where packets arrive with the service's", "no port, or forwarding: nat");
    }

    // A proxy of this host may well be at the address of what it is a proxy of.
    private static bool IsOtherPort(ServiceAddress listen, L4Engine engine, BackendConfig backend) =>
        engine == L4Engine.Userspace && backend.Port is { } port && (port < listen.FirstPort || port > listen.LastPort);

    private static void CheckLink(ServiceConfig service, BackendConfig backend, Cursor at, DiagnosticSink sink)
    {
        if (backend.Interface is not null && backend.Mac is null && !at.Has("mac"))
            sink.Error(at.AtKey("interface").Node, at["interface"].Path, "interface without mac", "a mac beside it; otherwise the kernel's routes say the interface");
    }

    private static void CheckQuicId(QuicRouting? quic, BackendConfig backend, Cursor at, Dictionary<int, Cursor> ids, DiagnosticSink sink)
    {
        if (backend.QuicId is not { } id)
        {
            if (quic is not null && !at.Has("quic_id") && !at.Incomplete)
                sink.Error(at.Node, at["quic_id"].Path, $"backend {backend.Address} of a service with quic without a quic_id", "the server id in its connection ids");
            return;
        }

        var here = at["quic_id"];
        if (quic is null)
            sink.Error(at.AtKey("quic_id").Node, here.Path, "quic_id where the service has no quic", "quic on the service");
        else if ((long)id >> (8 * quic.Length) != 0)
            sink.Error(here.Node, here.Path, $"server id {id}", $"one of {quic.Length} bytes, at most {(1L << (8 * quic.Length)) - 1}");
        else if (!ids.TryAdd(id, here))
            sink.Error(here.Node, here.Path, $"server id {id} a second time", $"each once; first at {ids[id].Where}");
    }
}
