// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Binding;
using Penstock.Config.Yaml;
using Penstock.Model;

namespace Penstock.Config.Checks;

/// <summary>What must hold between the parts of a configuration, each of them well formed by itself.</summary>
internal static class ConfigChecks
{
    /// <summary>Runs every check. Parts that failed to bind are at their defaults or null, and are passed over.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="root">Its text.</param>
    /// <param name="host">The host it is for; null: not known.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(ApplianceConfig config, Node root, IHostInterfaces? host, DiagnosticSink sink)
    {
        var at = new Cursor(root, "");
        BindChecks.Run(config, at, sink);
        PeerChecks.Run(config, at, host, sink);
        VrrpChecks.Run(config, at, host, sink);
        BgpChecks.Run(config, at, host, sink);
        ServiceChecks.Run(config.L4, at["l4"], sink);
        ServiceDiscoveryChecks.Run(config.L4, host is not null, at["l4"], sink);
        AddressChecks.Run(config, host, at["l4"]["services"], sink);
        InterfaceChecks.Run(config.L4, host, at["l4"], sink);
        TableChecks.Run(config.L4, host, at["l4"], sink);
        ListenerChecks.Run(config.L7, host is not null, at["l7"], sink);
        AcmeChecks.Run(config, host is not null, at, sink);
        RouteChecks.Run(config.L7, at["l7"]["routes"], sink);
        GrpcWebChecks.Run(config.L7, at["l7"], sink);
        ClusterChecks.Run(config.L7, host is not null, at["l7"]["clusters"], sink);
    }

    /// <summary>Reports keys of which at most, or exactly, one may be written.</summary>
    /// <returns>Whether exactly one is.</returns>
    public static bool OneOf(Cursor at, string[] keys, bool required, DiagnosticSink sink)
    {
        var written = Array.FindAll(keys, at.Has);
        if (written.Length == 1)
            return true;

        var names = Words.OneOf(keys);
        if (written.Length > 1)
        {
            var extra = at.AtKey(written[1]);
            sink.Error(extra.Node, at.Path, $"both {string.Join(" and ", written)}", $"{(required ? "exactly" : "at most")} one of {names}");
        }
        else if (required && !at.Incomplete && at.Node is MappingNode)
        {
            sink.Error(at.Node, at.Path, $"none of {names}", "exactly one of them");
        }

        return false;
    }
}
