// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;

namespace Penstock.Discovery.Dns;

/// <summary>Names in hosts(5).</summary>
internal static class HostsFile
{
    /// <summary>The file.</summary>
    public const string Path = "/etc/hosts";

    /// <summary>Addresses of a name, in file order, each once. localhost is the loopback addresses when the file does not have it (RFC 6761 section 6.3).</summary>
    public static ImmutableArray<IPAddress> Find(string text, string name)
    {
        name = name.TrimEnd('.');
        var found = ImmutableArray.CreateBuilder<IPAddress>();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Skip(1).Contains(name, StringComparer.OrdinalIgnoreCase) && IPAddress.TryParse(words[0], out var address) && !found.Contains(address))
                found.Add(address);
        }

        if (found.Count == 0 && name.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return [IPAddress.Loopback, IPAddress.IPv6Loopback];

        return found.ToImmutable();
    }
}
