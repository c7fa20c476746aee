// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Peers.Tests.Harness;

/// <summary>A temporary directory that goes when it is disposed.</summary>
internal sealed class Workplace : IDisposable
{
    /// <summary>Its path; short, since it holds Unix sockets (107 bytes at most).</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("pst-").FullName;

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A child that was killed may still be writing; /tmp is emptied by the system.
        }
    }
}
