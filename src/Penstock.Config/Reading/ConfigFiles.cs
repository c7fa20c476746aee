// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Reading;

/// <summary>Finds and reads the files of a configuration: the main one, then <c>conf.d/*.yaml</c> beside it by name.</summary>
internal static class ConfigFiles
{
    /// <summary>Reads them all; what cannot be read is reported and left out.</summary>
    public static List<ConfigFile> Read(string mainPath, DiagnosticSink sink)
    {
        var files = new List<ConfigFile>();
        var budget = (long)ReadLimits.TotalBytes;
        ReadOne(mainPath, mainFile: true, files, ref budget, sink);
        foreach (var path in Fragments(mainPath, sink))
            ReadOne(path, mainFile: false, files, ref budget, sink);

        return files;
    }

    private static void ReadOne(string path, bool mainFile, List<ConfigFile> files, ref long budget, DiagnosticSink sink)
    {
        sink.BeginFile(path);
        var problem = RegularFile.TryRead(path, ReadLimits.FileBytes, out var content, out var missing);

        // A fragment that vanished between listing and reading is as if it had gone before; a link that leads nowhere has not gone.
        if (missing && !mainFile && new FileInfo(path).LinkTarget is null)
            return;

        if (problem is null && content.Length > budget)
            problem = $"more than {ReadLimits.TotalBytes} bytes in all files together";

        if (problem is not null)
        {
            sink.Incomplete = true;
            sink.Error(path, 1, 1, "", problem, "a readable YAML file");
            return;
        }

        budget -= content.Length;
        files.Add(new ConfigFile(path, content));
    }

    private static List<string> Fragments(string mainPath, DiagnosticSink sink)
    {
        var paths = new List<string>();
        var folder = Path.Combine(Path.GetDirectoryName(mainPath) ?? "", "conf.d");
        try
        {
            if (!Directory.Exists(folder))
            {
                if (File.Exists(folder) || new FileInfo(folder).LinkTarget is not null)
                {
                    sink.Incomplete = true;
                    sink.Error(folder, 1, 1, "", "something that is not a folder", "a folder of *.yaml files, or nothing of this name");
                }

                return paths;
            }

            foreach (var path in Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal))
            {
                var name = Path.GetFileName(path);
                if (name.StartsWith('.'))
                    continue;

                if (name.EndsWith(".yaml", StringComparison.Ordinal))
                    paths.Add(path);
                else if (name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase))
                    sink.Warning(path, 1, 1, "", "a file that is not read", "a name that ends in .yaml", Path.ChangeExtension(name, ".yaml"));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            sink.Incomplete = true;
            sink.Error(folder, 1, 1, "", $"cannot list the folder: {e.Message}");
        }

        if (paths.Count <= ReadLimits.Files)
            return paths;

        sink.Incomplete = true;
        sink.Error(folder, 1, 1, "", $"{paths.Count} files", $"at most {ReadLimits.Files}");
        return paths.GetRange(0, ReadLimits.Files);
    }
}
