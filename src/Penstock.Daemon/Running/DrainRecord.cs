// SPDX-License-Identifier: Apache-2.0
using System.Globalization;

namespace Penstock.Daemon.Running;

/// <summary>That an operator has taken this host out, kept in a file while it is so: over restarts of the daemon and of the host.</summary>
/// <param name="path">The file. That it is there says so; it holds since when.</param>
internal sealed class DrainRecord(string path)
{
    /// <summary>Where it is in a folder of state.</summary>
    public const string Name = "node-drain";

    private string Next => path + ".new";

    /// <summary>Since when the host is out; null: it is not.</summary>
    /// <exception cref="IOException">It can't be known.</exception>
    public DateTimeOffset? Read()
    {
        if (!File.Exists(path))
            return null;
        var text = File.ReadAllText(path).Trim();
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since) ? since : new DateTimeOffset(File.GetLastWriteTimeUtc(path), TimeSpan.Zero);
    }

    /// <summary>Writes it, whole or not at all, so that it is there after a crash of the host too.</summary>
    /// <exception cref="IOException">It can't be written; nothing is said.</exception>
    public void Write(DateTimeOffset since)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!); // a configured folder and a name
            using (var file = new FileStream(Next, FileMode.Create, FileAccess.Write))
            {
                file.Write(System.Text.Encoding.ASCII.GetBytes(since.ToString("o", CultureInfo.InvariantCulture) + "\n"));
                file.Flush(flushToDisk: true);
            }

            File.Move(Next, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(Next))
                File.Delete(Next);
            throw new IOException($"{path} can't be written: {error.Message}", error);
        }
    }

    /// <summary>Removes it.</summary>
    /// <exception cref="IOException">It can't be removed; it still says so.</exception>
    public void Remove()
    {
        try
        {
            File.Delete(path);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException($"{path} can't be removed: {error.Message}", error);
        }
    }
}
