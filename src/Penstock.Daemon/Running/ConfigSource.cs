// SPDX-License-Identifier: Apache-2.0
using Penstock.Config;
using Penstock.ControlPlane;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.Daemon.Running;

/// <summary>Reads the configuration for the control plane.</summary>
/// <param name="path">The configuration file.</param>
/// <param name="anyHost">Whether it may be for another host than this, so that nothing is said of interfaces.</param>
/// <param name="starts">Whether a daemon goes by it, which no fault of the peers' certificate files is to keep from running.</param>
internal sealed class ConfigSource(string path, bool anyHost = false, bool starts = false)
{
    private const int HashDigits = 12; // enough to compare by eye

    private ApplianceConfig? _first;
    private ApplianceConfig? _last;

    /// <summary>The configuration file.</summary>
    public string Path => path;

    /// <summary>Reads and validates. From the second time on, warns of what only a restart changes, and of what moves flows.</summary>
    public LoadedConfig Load()
    {
        var result = ConfigLoader.Load(path, anyHost ? null : new HostInterfaces(), starts);
        var diagnostics = result.Diagnostics.Select(Translate).ToList();
        if (result.Config is not { } config) return new LoadedConfig(Config: null, Hash: "", [.. diagnostics]);

        if (config.L7.AccessLog is { } log && AccessLogTrouble(log.Path) is { } trouble)
            diagnostics.Add(new ReloadDiagnostic(IsError: false, $"l7.access_log.path: {trouble}: nothing can be logged until that is mended"));
        _first ??= config;
        if (config.L7.Reactors != _first.L7.Reactors) diagnostics.Add(NeedsRestart("l7.reactors"));
        if (!string.Equals(config.Admin.Socket, _first.Admin.Socket, StringComparison.Ordinal)) diagnostics.Add(NeedsRestart("admin.socket"));
        if (_last is { } last && HasOtherHash(last.L4, config.L4))
        {
            diagnostics.Add(new ReloadDiagnostic(
                IsError: false,
                "l4.hash_seed has changed: hosts choose different backends for new flows until all of them have it; flows that dsr-* services remember are found no more, and most of them go to another backend"));
        }

        if (_last is { } running)
            diagnostics.AddRange(SyncGroupMoves.Between(running, config).Select(move => new ReloadDiagnostic(IsError: false, move)));
        _last = config;
        return new LoadedConfig(config, result.ContentHash()[..HashDigits], [.. diagnostics]);
    }

    /// <summary>What keeps a path from being logged to. A warning, not an error: traffic goes on without a log, and what is checked here may run on another host.</summary>
    private static string? AccessLogTrouble(string path)
    {
        if (!path.StartsWith('/')) return null; // stdout
        if (Directory.Exists(path)) return $"{path} is a directory";
        var folder = System.IO.Path.GetDirectoryName(path);
        return folder is null || Directory.Exists(folder) ? null : $"the directory {folder} does not exist, or may not be looked into";
    }

    // IPVS has hashes of its own.
    private static bool HasOtherHash(L4Config before, L4Config now) =>
        before.HashSeed != now.HashSeed && !before.Services.IsEmpty && !now.Services.IsEmpty && now.Engine != L4Engine.Ipvs;

    private static ReloadDiagnostic NeedsRestart(string key) => new(IsError: false, $"{key} has changed: it takes effect at the next start");

    private static ReloadDiagnostic Translate(ConfigDiagnostic diagnostic) =>
        new(diagnostic.Severity == DiagnosticSeverity.Error, diagnostic.ToString())
        {
            File = diagnostic.File,
            Line = diagnostic.Line,
            Column = diagnostic.Column,
            Path = diagnostic.Path,
        };
}
