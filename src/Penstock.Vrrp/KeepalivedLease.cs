// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp;

/// <summary>
/// Until when the daemon counts as alive, as the time of change of <see cref="KeepalivedFolder.LeaseFile"/>: once it has passed, keepalived gives the addresses up, by a
/// script such as <c>/usr/bin/find 'LEASE' ! -newermt now -exec /bin/false '{}' +</c>, which fails when the file is stale or missing.
/// </summary>
internal static class KeepalivedLease
{
    // keepalived looks each second, and believes what it has seen twice.
    private static readonly TimeSpan s_unseen = TimeSpan.FromSeconds(1);

    /// <summary>Until when it lasts; null: there is none.</summary>
    public static DateTimeOffset? Until(string path) => new FileInfo(path) is { Exists: true } file ? new DateTimeOffset(file.LastWriteTimeUtc) : null;

    /// <summary>Renewed by a daemon that runs, it lasts until a time, earlier or later than it does now.</summary>
    /// <exception cref="IOException">The file can't be made or changed.</exception>
    public static void Renew(string path, DateTimeOffset until)
    {
        if (new FileInfo(path) is { Exists: true, Length: > 0 })
        {
            using var bridged = new FileStream(path, FileMode.Truncate, FileAccess.Write);
        }

        Hold(path, until);
    }

    /// <summary>The same by a daemon that does not run yet: whether its start was bridged stays written.</summary>
    /// <exception cref="IOException">The file can't be made or changed.</exception>
    public static void Hold(string path, DateTimeOffset until)
    {
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!); // the file is in a folder
            using var made = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write);
        }

        File.SetLastWriteTimeUtc(path, until.UtcDateTime);
    }

    /// <summary>
    /// Has a lease that has not been missed yet last on while the next daemon starts. Once only: not by a daemon after one that has started so and never come to renew it.
    /// </summary>
    /// <param name="path">The lease's file; what is in it says that a start has been bridged.</param>
    /// <param name="now">The time.</param>
    /// <param name="length">For how long.</param>
    /// <returns>Whether it was extended.</returns>
    /// <exception cref="IOException">The file can't be changed.</exception>
    public static bool TryBridge(string path, DateTimeOffset now, TimeSpan length)
    {
        var file = new FileInfo(path);
        if (length <= TimeSpan.Zero || !file.Exists || file.Length > 0 || file.LastWriteTimeUtc + s_unseen < now.UtcDateTime)
            return false;
        File.WriteAllText(path, "a daemon is starting\n");
        File.SetLastWriteTimeUtc(path, (now + length).UtcDateTime);
        return true;
    }
}
