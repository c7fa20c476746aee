// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Binding;
using Penstock.Model.L4;

namespace Penstock.Config.Checks;

/// <summary>Interfaces that the host has to have.</summary>
internal static class InterfaceChecks
{
    /// <summary>Checks those of the L4 tier: engine xdp asks for those that packets come in and leave by, engine ipvs for that of its sync daemon.</summary>
    /// <param name="l4">The tier.</param>
    /// <param name="host">The host it is for; null: not known.</param>
    /// <param name="at">Its place.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(L4Config l4, IHostInterfaces? host, Cursor at, DiagnosticSink sink)
    {
        if (host is null || l4.Engine == L4Engine.Userspace)
            return;
        var names = host.Names();
        if (l4.Engine == L4Engine.Ipvs)
        {
            Check(l4.Ipvs.Sync?.Interface, names, at["ipvs"]["sync"]["interface"], sink);
            return;
        }

        for (var i = 0; i < l4.Interfaces.Length; i++)
            Check(l4.Interfaces[i], names, at["interface"][i], sink);
        for (var i = 0; i < l4.Services.Length; i++)
        {
            if (l4.Services[i] is not { } service)
                continue;
            for (var j = 0; j < service.Backends.Length; j++)
                Check(service.Backends[j]?.Interface, names, at["services"][i]["backends"][j]["interface"], sink);
        }
    }

    /// <summary>Reports one that the host has not.</summary>
    /// <param name="name">Its name; null: none is asked for.</param>
    /// <param name="names">Those of the host.</param>
    /// <param name="at">Where it stands.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Check(string? name, IReadOnlyCollection<string> names, Cursor at, DiagnosticSink sink)
    {
        if (name is not null && !names.Contains(name, StringComparer.Ordinal))
            sink.Error(at.Node, at.Path, $"unknown interface '{name}'", $"an interface of this host: {string.Join(", ", names)}", Nearest.Find(name, names));
    }
}
