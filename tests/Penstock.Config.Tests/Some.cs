// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.Config.Tests;

internal static class Some
{
    /// <summary>Clusters and a route table that are whole, for a listener to follow.</summary>
    public const string Tail = "\n  routes: {main: [{respond: {status: 200}}]}\n";

    public static ConfigResult Parse(params string[] files) =>
        Parse(files.Select(Encoding.UTF8.GetBytes).ToArray());

    public static ConfigResult Parse(params byte[][] files) =>
        ConfigLoader.Parse([.. files.Select((f, i) => new ConfigFile(i == 0 ? "a.yaml" : $"{(char)('a' + i)}.yaml", f))]);

    public static string[] Lines(this ConfigResult result) => [.. result.Diagnostics.Select(d => d.ToString())];

    public static string RepositoryFile(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Appliance.sln")))
                return Path.Combine(folder.FullName, path);
        }

        throw new InvalidOperationException("not within the repository");
    }
}
