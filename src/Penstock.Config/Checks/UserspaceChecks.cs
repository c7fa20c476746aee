// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Binding;
using Penstock.Model.L4;

namespace Penstock.Config.Checks;

/// <summary>What engine userspace can't do for a service: it takes connections itself and opens others to the backends.</summary>
internal static class UserspaceChecks
{
    /// <summary>Ports of one service: each takes a socket for each core.</summary>
    private const int MostPorts = 64;

    private static readonly string[] s_xdpKeys = ["overrides", "quic", "allow", "block", "packets_per_source", "flows_per_source", "source", "source_entropy", "next_hop", "syn_cookies"];

    /// <summary>Checks one.</summary>
    public static void Run(ServiceConfig service, Cursor at, DiagnosticSink sink)
    {
        EngineChecks.Refuse(at, s_xdpKeys, L4Engine.Userspace, L4Engine.Xdp, sink);
        if (service.Forwarding == Forwarding.L7)
            sink.Error(at["forwarding"].Node, at["forwarding"].Path, "forwarding: l7 with engine userspace", "no service: listeners of this host take its connections without one; or engine: xdp");
        else if (service.Forwarding != Forwarding.Nat && at.Has("forwarding"))
            sink.Error(at["forwarding"].Node, at["forwarding"].Path, $"forwarding: {service.Forwarding.Name()} with engine userspace, which opens connections of its own to the backends", "nat, or engine: xdp or ipvs");
        if (service.Listen is not { } listen)
            return;
        if (listen.LastPort - listen.FirstPort >= MostPorts)
            sink.Error(at["listen"].Node, at["listen"].Path, $"{listen.LastPort - listen.FirstPort + 1} ports of one service with engine userspace, which takes a socket for each", $"at most {MostPorts} ports, or engine: xdp");
        CheckEmpty(service, listen, at, sink);
    }

    private static void CheckEmpty(ServiceConfig service, ServiceAddress listen, Cursor at, DiagnosticSink sink)
    {
        if (!at.Has("empty"))
            return;
        var isTcp = listen.Protocol == TransportProtocol.Tcp;
        if (service.Empty != (isTcp ? EmptyAction.Reject : EmptyAction.Drop))
        {
            sink.Error(
                at["empty"].Node, at["empty"].Path,
                $"empty: {Words.SnakeCase(service.Empty.ToString())} of a {(isTcp ? "tcp" : "udp")} service with engine userspace, which {(isTcp ? "resets connections" : "drops datagrams")}",
                $"empty: {(isTcp ? "reject" : "drop")}, or engine: xdp");
        }
    }
}
