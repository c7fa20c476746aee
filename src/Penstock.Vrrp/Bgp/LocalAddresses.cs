// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Penstock.Linux;
using Penstock.Linux.Netlink;

namespace Penstock.Vrrp.Bgp;

/// <summary>
/// Announced addresses as the host's own, on lo: those that no interface has are put there, and those are taken off that were put there and are announced no more. Which they are is kept
/// in a file that does not outlive a boot, as they don't. Not for several threads at a time.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="loopback">Addresses of lo.</param>
/// <param name="logger">Log.</param>
internal sealed class LocalAddresses(string path, ILoopback loopback, ILogger logger)
{
    /// <summary>Puts those on lo that no interface has.</summary>
    /// <returns>Which these were.</returns>
    /// <exception cref="IOException">The file can't be written; nothing has changed.</exception>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public IReadOnlyList<IPAddress> Add(IEnumerable<IPAddress> wanted)
    {
        var there = loopback.OfHost();
        var missing = wanted.Where(address => !there.Contains(address)).ToArray();
        if (missing.Length == 0)
            return missing;
        Save(Load().Union(missing)); // first, so that none is there that nobody knows
        foreach (var address in missing)
            loopback.Put(address, Length(address), lifetime: null);
        logger.LogInformation("{Addresses} put on lo", string.Join(", ", missing.AsEnumerable()));
        return missing;
    }

    /// <summary>Takes those off lo that were put there, but for some.</summary>
    /// <exception cref="IOException">The file can't be read or written.</exception>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public void Keep(IEnumerable<IPAddress> wanted) => Keep(wanted.ToHashSet().Contains);

    /// <summary>Takes some off lo that were put there.</summary>
    /// <exception cref="IOException">The file can't be read or written.</exception>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public void Remove(IEnumerable<IPAddress> unwanted)
    {
        var gone = unwanted.ToHashSet();
        Keep(address => !gone.Contains(address));
    }

    private static int Length(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32;

    // None of ours is a line that is no address.
    private List<IPAddress> Load() => File.Exists(path) ? [.. File.ReadAllLines(path).Select(line => IPAddress.TryParse(line, out var address) ? address : null).OfType<IPAddress>().Distinct()] : [];

    private void Save(IEnumerable<IPAddress> addresses) => DurableFile.Write(path, Encoding.ASCII.GetBytes(string.Concat(addresses.Select(address => $"{address}\n"))));

    private void Keep(Func<IPAddress, bool> isWanted)
    {
        var own = Load();
        var kept = own.Where(isWanted).ToArray();
        if (kept.Length == own.Count)
            return;
        var gone = own.Except(kept).ToArray();
        foreach (var address in gone)
            loopback.Remove(address, Length(address));
        Save(kept);
        logger.LogInformation("{Addresses} taken off lo", string.Join(", ", gone.AsEnumerable()));
    }
}
