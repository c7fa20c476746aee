// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Penstock.Model;

namespace Penstock.Discovery.Dns;

/// <summary>Finds the addresses of a name with their TTL: a literal address, /etc/hosts, then DNS as /etc/resolv.conf says. Files are read anew each time.</summary>
/// <param name="server">Name server to ask instead of files; null: none.</param>
/// <param name="time">Clock.</param>
internal sealed class NameResolver(SocketEndpoint? server, TimeProvider time)
{
    /// <summary>Resolves a name.</summary>
    /// <exception cref="IOException">A file could not be read.</exception>
    public async Task<Resolution> ResolveAsync(string name, CancellationToken cancel)
    {
        if (IPAddress.TryParse(name, out var literal))
            return WithoutTtl([literal]);

        if (server is { } one)
            return await AskAsync(new ResolvConf { Servers = [one] }, name, cancel);

        if (HostsFile.Find(await ReadAsync(HostsFile.Path, cancel), name) is { IsEmpty: false } fixedAddresses)
            return WithoutTtl(fixedAddresses);

        return await AskAsync(ResolvConf.Parse(await ReadAsync(ResolvConf.Path, cancel)), name, cancel);
    }

    private static async Task<string> ReadAsync(string path, CancellationToken cancel) =>
        File.Exists(path) ? await File.ReadAllTextAsync(path, cancel) : "";

    private static Resolution WithoutTtl(ImmutableArray<IPAddress> addresses) => new(
        [.. addresses.Where(a => a.AddressFamily == AddressFamily.InterNetwork)],
        [.. addresses.Where(a => a.AddressFamily == AddressFamily.InterNetworkV6)],
        Ttl: null);

    private async Task<Resolution> AskAsync(ResolvConf conf, string name, CancellationToken cancel)
    {
        var client = new DnsClient(conf.Servers, conf.Timeout, conf.Attempts, time);
        var result = new Resolution([], [], Ttl: null);
        foreach (var candidate in conf.Candidates(name))
        {
            var v4 = client.QueryAsync(candidate, DnsRecordType.A, cancel);
            var v6 = client.QueryAsync(candidate, DnsRecordType.Aaaa, cancel);
            var replies = await Task.WhenAll(v4, v6);
            var ttls = replies.Where(r => !r.Addresses.IsEmpty).Select(r => r.TtlSeconds).ToArray();
            result = new Resolution(AddressesOf(replies[0]), AddressesOf(replies[1]), ttls.Length == 0 ? null : TimeSpan.FromSeconds(ttls.Min()));
            // A server that can't say may know the name: another suffix must not stand in for it.
            if (result.HasAddresses || result.HasFailure)
                return result;
        }

        return result;
    }

    private static ImmutableArray<IPAddress> AddressesOf(DnsReply reply) =>
        reply.Kind is DnsReplyKind.Answer or DnsReplyKind.NoSuchName ? reply.Addresses : default;
}
