// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text.Json;
using Penstock.Linux;

namespace Penstock.Daemon.Running;

/// <summary>The last configurations that have run, each in a file that only the daemon's user can read, whatever the mode of the original.</summary>
/// <param name="folder">The folder.</param>
/// <param name="mostBytes">Most bytes of their files together, beyond which the oldest goes, but for the newest two; and most of one.</param>
internal sealed class ConfigHistory(string folder, long mostBytes = ConfigHistory.MostBytes)
{
    /// <summary>Where it is in a folder of state.</summary>
    public const string Name = "history";

    /// <summary>Most of them; the oldest goes.</summary>
    public const int Most = 20;

    /// <summary>Most bytes of their files together, unless told otherwise.</summary>
    public const long MostBytes = 64 << 20;

    /// <summary>Lists them, the newest first. What can't be read is left out.</summary>
    public IReadOnlyList<HistoryEntry> List()
    {
        var entries = new List<HistoryEntry>();
        foreach (var number in Numbers())
        {
            try
            {
                entries.Add(Read(number));
            }
            catch (IOException)
            {
                // Damaged, or gone meanwhile: the others are as good.
            }
        }

        return entries;
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="IOException">There is none of this number, or it can't be read.</exception>
    public HistoryEntry Read(long number)
    {
        var path = FileOf(number);
        if (!File.Exists(path))
            throw new IOException($"there is no configuration {number} in the history");
        if (!FileKind.IsRegular(path))
            throw new IOException($"{path} is no file: a named pipe or a device is there");
        try
        {
            if (new FileInfo(path).Length > mostBytes)
                throw new IOException($"{path} is larger than {mostBytes} bytes");
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), StateJson.Default.HistoryEntry) is { Texts.Count: > 0 } entry && entry.Texts.All(text => text is { Path: not null, Content: not null })
                ? Whole(entry) with { Number = number }
                : throw new IOException($"{path} holds no configuration");
        }
        catch (Exception error) when (error is JsonException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} can't be read: {error.Message}", error);
        }
    }

    /// <summary>The number of the newest; 0: there is none.</summary>
    public long Newest() => Numbers().FirstOrDefault();

    /// <summary>The number of the newest before another; null: there is none.</summary>
    public long? Before(long number) => Numbers().Where(other => other < number).Select(other => (long?)other).FirstOrDefault();

    /// <summary>Adds one, whole or not at all, and takes the oldest away where there are too many.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Add(HistoryEntry entry)
    {
        try
        {
            var content = JsonSerializer.SerializeToUtf8Bytes(entry, StateJson.Default.HistoryEntry);
            if (content.Length > mostBytes)
                throw new IOException($"configuration {entry.Number} takes {content.Length} bytes; {mostBytes} are allowed");
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            DurableFile.Write(FileOf(entry.Number), content);
            foreach (var old in Surplus())
                File.Delete(FileOf(old));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{folder} can't be written: {error.Message}", error);
        }
    }

    // What runs and the one before it stay, however large.
    private IEnumerable<long> Surplus()
    {
        var (count, bytes) = (0, 0L);
        foreach (var number in Numbers())
        {
            bytes += new FileInfo(FileOf(number)).Length;
            if (++count > Most || (count > 2 && bytes > mostBytes))
                yield return number;
        }
    }

    // Whoever wrote the file may have left something out.
    private static HistoryEntry Whole(HistoryEntry entry) =>
        entry with { Hash = entry.Hash ?? "", Cause = entry.Cause ?? "", By = entry.By ?? "", Why = entry.Why ?? "" };

    private static string NameOf(long number) => string.Create(CultureInfo.InvariantCulture, $"{number:D8}.json");

    // 0: somebody else has put it there, a copy for one.
    private static long NumberOf(string name) =>
        long.TryParse(Path.GetFileNameWithoutExtension(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && string.Equals(name, NameOf(number), StringComparison.Ordinal) ? number : 0;

    private string FileOf(long number) => Path.Combine(folder, NameOf(number));

    // The greatest first.
    private long[] Numbers()
    {
        try
        {
            return [.. new DirectoryInfo(folder).EnumerateFiles("*.json").Select(file => NumberOf(file.Name)).Where(number => number > 0).OrderDescending()];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return []; // there is no folder yet; where it may not be read, Add says so
        }
    }
}
