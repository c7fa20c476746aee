// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Running;

/// <summary>
/// Adds to the history in two steps, so that no reload waits for the disk: what runs has its number at once, and is written after the answer. What is lost with the process between the two is an entry, no more:
/// what is to outlive a crash calls <see cref="Write"/> before. Changed by one caller at a time; read from any thread.
/// </summary>
/// <param name="history">What is on the disk.</param>
internal sealed class HistoryWriter(ConfigHistory history)
{
    private HistoryEntry[] _unwritten = [];
    private (long Number, string Hash)? _newest;

    /// <summary>Adds a configuration, unless it is the newest already.</summary>
    /// <param name="read">The configuration.</param>
    /// <param name="cause">What had it applied.</param>
    /// <param name="at">When.</param>
    /// <returns>Its number.</returns>
    public long Add(ReadConfig read, ReloadCause cause, DateTimeOffset at)
    {
        var newest = _newest ??= Newest();
        if (newest.Number > 0 && string.Equals(newest.Hash, read.Loaded.Hash, StringComparison.Ordinal))
            return newest.Number;
        var entry = new HistoryEntry(newest.Number + 1, at, read.Loaded.Hash, cause.What, cause.By, cause.Why, [.. read.Files.Select(file => new HistoryText(file.Name, file.Content.ToArray()))]);
        _newest = (entry.Number, entry.Hash);
        Volatile.Write(ref _unwritten, [.. _unwritten, entry]);
        return entry.Number;
    }

    /// <summary>Writes what has been added. What can't be written is as if it had not been added.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Write()
    {
        try
        {
            while (_unwritten is [var entry, ..])
            {
                history.Add(entry);
                Volatile.Write(ref _unwritten, _unwritten[1..]);
            }
        }
        catch (IOException)
        {
            _newest = null;
            Volatile.Write(ref _unwritten, []);
            throw;
        }
    }

    /// <summary>The last configurations that have run, the newest first, on the disk or not yet.</summary>
    public IReadOnlyList<HistoryEntry> List()
    {
        var unwritten = Volatile.Read(ref _unwritten); // first: what is written meanwhile is found on the disk
        return [.. unwritten.OrderByDescending(entry => entry.Number).Concat(history.List()).DistinctBy(entry => entry.Number).Take(ConfigHistory.Most)];
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="IOException">There is none of this number, or it can't be read.</exception>
    public HistoryEntry Read(long number) => Array.Find(Volatile.Read(ref _unwritten), entry => entry.Number == number) ?? history.Read(number);

    /// <summary>The number of the newest on the disk before another; null: there is none.</summary>
    public long? Before(long number) => history.Before(number);

    private (long Number, string Hash) Newest()
    {
        var number = history.Newest();
        try
        {
            return (number, number == 0 ? "" : history.Read(number).Hash);
        }
        catch (IOException)
        {
            return (number, ""); // it is damaged
        }
    }
}
