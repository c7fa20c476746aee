// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp;

/// <summary>
/// Until when the daemon counts as alive, as the time of change of <see cref="KeepalivedFolder.LeaseFile"/>: once it has passed, keepalived gives the addresses up, by a
/// script such as <c>/usr/bin/find 'LEASE' ! -newermt now -exec /bin/false '{}' +</c>, which fails when the file is stale or missing.
/// </summary>
internal static class Lease
{
    /// <summary>Has it last until a time, earlier or later than it does now.</summary>
    /// <exception cref="IOException">The file can't be made or changed.</exception>
    public static void Renew(string path, DateTimeOffset until)
    {
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!); // the file is in a folder
            using var made = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write);
        }

        File.SetLastWriteTimeUtc(path, until.UtcDateTime);
    }
}
