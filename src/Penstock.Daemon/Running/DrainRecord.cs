// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;
using Penstock.Linux;

namespace Penstock.Daemon.Running;

/// <summary>That an operator has taken this host out, kept in a file while it is so: over restarts of the daemon and of the host.</summary>
/// <param name="path">The file. That it is there says so; its first line says since when, others what else is known.</param>
internal sealed class DrainRecord(string path)
{
    /// <summary>Where it is in a folder of state.</summary>
    public const string Name = "node-drain";

    private const string HandedOver = "handed over", EndsAt = "maintenance ", By = "by ", Why = "why ";

    /// <summary>What is recorded, and whether the file says since when (else it is its own time: it is damaged); null: the host is not out.</summary>
    /// <exception cref="IOException">It can't be known.</exception>
    public (NodeOutage Outage, bool IsWhole)? Read()
    {
        if (!Path.Exists(path))
            return null;
        if (!FileKind.IsRegular(path))
            throw new IOException($"{path} is no file: a folder, a named pipe or a device is there; remove it");
        var lines = File.ReadAllLines(path);
        var since = Time(lines.FirstOrDefault());
        var outage = new NodeOutage(
            since ?? new DateTimeOffset(File.GetLastWriteTimeUtc(path), TimeSpan.Zero),
            lines.Contains(HandedOver, StringComparer.Ordinal),
            Time(Of(lines, EndsAt)),
            Of(lines, By) ?? "",
            Of(lines, Why) ?? "");
        return (outage, since is not null);
    }

    /// <summary>Writes it, whole or not at all, so that it is there after a crash of the host too.</summary>
    /// <exception cref="IOException">It can't be written; nothing is said.</exception>
    public void Write(NodeOutage outage)
    {
        var text = new StringBuilder(Text(outage.Since)).Append('\n');
        if (outage.HasHandedOver)
            text.Append(HandedOver).Append('\n');
        if (outage.EndsAt is { } end)
            text.Append(EndsAt).Append(Text(end)).Append('\n');
        if (outage.By.Length > 0)
            text.Append(By).Append(outage.By).Append('\n');
        if (outage.Why.Length > 0)
            text.Append(Why).Append(outage.Why).Append('\n');
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!); // a configured folder and a name
            DurableFile.Write(path, Encoding.UTF8.GetBytes(text.ToString()));
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

    private static string? Of(string[] lines, string name) => lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?[name.Length..];

    private static DateTimeOffset? Time(string? text) => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static string Text(DateTimeOffset time) => time.ToString("o", CultureInfo.InvariantCulture);
}
