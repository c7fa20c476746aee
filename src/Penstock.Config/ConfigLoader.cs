// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Binding;
using Penstock.Config.Checks;
using Penstock.Config.Reading;
using Penstock.Config.Yaml;
using Penstock.Model;

namespace Penstock.Config;

/// <summary>Turns the text of a configuration into a validated <see cref="ApplianceConfig"/>, or into every error it has.</summary>
public static class ConfigLoader
{
    /// <summary>Reads a file and <c>conf.d/*.yaml</c> beside it, merged by section in name order. Never throws on account of what the files hold.</summary>
    /// <param name="mainPath">Path of the main file.</param>
    /// <param name="host">The host it is for; null: not known, so that nothing is said of its interfaces and of the peers' certificates.</param>
    /// <param name="starts">Whether a daemon is about to go by it: faults of the peers' certificate files are warnings then, since no balancer is to stand still for them.</param>
    public static ConfigResult Load(string mainPath, IHostInterfaces? host = null, bool starts = false)
    {
        var sink = new DiagnosticSink { ToleratesFiles = starts };
        return Build(ConfigFiles.Read(mainPath, sink), host, sink);
    }

    /// <summary>As <see cref="Load"/>, from files in memory, in the order given.</summary>
    public static ConfigResult Parse(IReadOnlyList<ConfigFile> files, IHostInterfaces? host = null, bool starts = false)
    {
        var sink = new DiagnosticSink { ToleratesFiles = starts };
        foreach (var file in files)
            sink.BeginFile(file.Name);

        return Build(files, host, sink);
    }

    private static ConfigResult Build(IReadOnlyList<ConfigFile> files, IHostInterfaces? host, DiagnosticSink sink)
    {
        var shape = ShapeCatalog.Of(typeof(ApplianceConfig));
        var config = ReadMerged(files, shape, sink) is { } root ? Bind(root, shape, host, sink) : null;
        return new ConfigResult(sink.HasErrors ? null : config, sink.ToSorted(), [.. files]);
    }

    private static ApplianceConfig? Bind(MappingNode root, RecordShape shape, IHostInterfaces? host, DiagnosticSink sink)
    {
        if (shape.Bind(root, "", sink) is not ApplianceConfig config)
            return null;

        ConfigChecks.Run(config, root, host, sink);
        return sink.HasErrors ? null : Completion.FillIn(config);
    }

    private static MappingNode? ReadMerged(IReadOnlyList<ConfigFile> files, RecordShape shape, DiagnosticSink sink)
    {
        var reader = new YamlReader(sink);
        var merger = new Merger(sink);
        MappingNode? root = null;
        foreach (var file in files)
        {
            if (ReadFile(file, reader, sink) is not { } mapping)
                continue;

            if (root is null)
                root = mapping;
            else
                merger.Merge(root, mapping, shape, "");
        }

        if (root is null && !sink.HasErrors && files.Count > 0)
            sink.Error(files[0].Name, 1, 1, "", "an empty configuration", "at least one of the sections node, admin, metrics, peers, vrrp, l4 and l7");

        return root;
    }

    private static MappingNode? ReadFile(ConfigFile file, YamlReader reader, DiagnosticSink sink)
    {
        if (file.Content.Length > ReadLimits.FileBytes)
        {
            sink.Incomplete = true;
            sink.Error(file.Name, 1, 1, "", $"a file of {file.Content.Length} bytes; {ReadLimits.FileBytes} are allowed");
            return null;
        }

        if (TextDecoder.Decode(file, sink) is not { } text)
        {
            sink.Incomplete = true;
            return null;
        }

        switch (reader.Read(file.Name, text))
        {
            case MappingNode mapping:
                return mapping;
            case null or ScalarNode { IsNull: true }:
                return null;
            case var other:
                sink.Error(other, "", other.Describe(), "a mapping with keys such as node and l7");
                return null;
        }
    }
}
