// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Penstock.Config;
using Penstock.ControlPlane;

namespace Penstock.Daemon.Running;

/// <summary>A configuration and the text that it was read from.</summary>
/// <param name="Loaded">What the text says.</param>
/// <param name="Files">The text.</param>
/// <param name="Number">Its number in the history; null: it is what the files say now.</param>
internal sealed record ReadConfig(LoadedConfig Loaded, ImmutableArray<ConfigFile> Files, long? Number = null)
{
    private const string StateKey = "state:";

    /// <summary>The folder of state; of a text with errors, the one that its line <c>state:</c> tells; null: there is none.</summary>
    public string? State => Loaded.Config?.State ?? Files.Select(StateOf).LastOrDefault(folder => folder is not null);

    /// <summary>SHA-256 over names and contents of the files, lower-case hex, whether they have errors or not. What is in files that they name, networks say, makes no difference.</summary>
    public string TextHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{file.Name}\0{file.Content.Length}\0"));
            hash.AppendData(file.Content.Span);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // The text can't be read as YAML, perhaps: the key is at the beginning of a line, and a quoted value is still a path.
    private static string? StateOf(ConfigFile file)
    {
        var line = Encoding.UTF8.GetString(file.Content.Span).Split('\n').LastOrDefault(one => one.StartsWith(StateKey, StringComparison.Ordinal));
        if (line is null)
            return null;
        var value = line[StateKey.Length..].Split(" #")[0].Trim().Trim('"', '\'');
        return value.StartsWith('/') ? value : null;
    }
}
