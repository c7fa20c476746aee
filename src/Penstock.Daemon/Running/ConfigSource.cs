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

    /// <summary>The configuration file.</summary>
    public string Path => path;

    /// <summary>What runs, which need not be what was read last; null: nothing yet.</summary>
    public Func<ApplianceConfig?> Running { get; set; } = () => null;

    /// <summary>Reads and validates. From the second time on, warns of what only a restart changes; and of what moves flows, by what runs.</summary>
    public LoadedConfig Load() => Read().Loaded;

    /// <summary>The same, with the text.</summary>
    public ReadConfig Read() => Judge(ConfigLoader.Load(path, anyHost ? null : new HostInterfaces(), starts), number: null);

    /// <summary>The same of a configuration that has run, whatever is in the files now.</summary>
    public ReadConfig Read(HistoryEntry entry) =>
        Judge(ConfigLoader.Parse([.. entry.Texts.Select(text => new ConfigFile(text.Path, text.Content))], anyHost ? null : new HostInterfaces(), starts), entry.Number);

    /// <summary>What is read next counts as what the daemon has begun with.</summary>
    public void BeginAnew() => _first = null;

    private ReadConfig Judge(ConfigResult result, long? number)
    {
        var diagnostics = result.Diagnostics.Select(Translate).ToList();
        if (result.Config is not { } config) return new ReadConfig(new LoadedConfig(Config: null, Hash: "", [.. diagnostics]), result.Files, number);

        if (config.L7.AccessLog is { } log && AccessLogTrouble(log.Path) is { } trouble)
            diagnostics.Add(new ReloadDiagnostic(IsError: false, $"l7.access_log.path: {trouble}: nothing can be logged until that is mended"));
        _first ??= config;
        if (config.L7.Reactors != _first.L7.Reactors) diagnostics.Add(NeedsRestart("l7.reactors"));
        if (!string.Equals(config.Admin.Socket, _first.Admin.Socket, StringComparison.Ordinal)) diagnostics.Add(NeedsRestart("admin.socket"));
        var running = Running();
        if (running is not null && HasOtherHash(running.L4, config.L4))
        {
            diagnostics.Add(new ReloadDiagnostic(
                IsError: false,
                "l4.hash_seed has changed: hosts choose different backends for new flows until all of them have it; flows that dsr-* services remember are found no more, and most of them go to another backend"));
        }

        if (running is not null)
            diagnostics.AddRange(SyncGroupMoves.Between(running, config).Select(move => new ReloadDiagnostic(IsError: false, move)));
        return new ReadConfig(new LoadedConfig(config, result.ContentHash()[..HashDigits], [.. diagnostics]), result.Files, number);
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
