// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;
using Penstock.Linux;

namespace Penstock.Daemon.Running;

/// <summary>That an operator has taken this host out, kept in a file while it is so: over restarts of the daemon and of the host.</summary>
/// <param name="path">The file. That it is there says so; it holds since when, and whether the host has handed its roles over.</param>
internal sealed class DrainRecord(string path)
{
    /// <summary>Where it is in a folder of state.</summary>
    public const string Name = "node-drain";

    private const string HandedOver = "handed over";

    /// <summary>Since when the host is out, whether it has handed its roles over, and whether the file says since when (else it is its own time: it is damaged); null: the host is not out.</summary>
    /// <exception cref="IOException">It can't be known.</exception>
    public (DateTimeOffset Since, bool HasHandedOver, bool IsWhole)? Read()
    {
        if (!Path.Exists(path))
            return null;
        if (!FileKind.IsRegular(path))
            throw new IOException($"{path} is no file: a folder, a named pipe or a device is there; remove it");
        var lines = File.ReadAllLines(path);
        var isKnown = DateTimeOffset.TryParse(lines.FirstOrDefault(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since);
        return (isKnown ? since : new DateTimeOffset(File.GetLastWriteTimeUtc(path), TimeSpan.Zero), lines.Contains(HandedOver, StringComparer.Ordinal), isKnown);
    }

    /// <summary>Writes it, whole or not at all, so that it is there after a crash of the host too.</summary>
    /// <param name="since">Since when.</param>
    /// <param name="hasHandedOver">Whether other hosts have taken its roles, as far as they do.</param>
    /// <exception cref="IOException">It can't be written; nothing is said.</exception>
    public void Write(DateTimeOffset since, bool hasHandedOver)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!); // a configured folder and a name
            DurableFile.Write(path, Encoding.ASCII.GetBytes($"{since.ToString("o", CultureInfo.InvariantCulture)}\n{(hasHandedOver ? HandedOver + "\n" : "")}"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} can't be written: {error.Message}", error);
        }
    }

    /// <summary>Removes it.</summary>
    /// <exception cref="IOException">It can't be removed; it still says so.</exception>
    public void Remove()
    {
        try
        {
            DurableFile.Delete(path);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException($"{path} can't be removed: {error.Message}", error);
        }
    }
}
