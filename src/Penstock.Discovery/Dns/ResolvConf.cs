// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Penstock.Model;

namespace Penstock.Discovery.Dns;

/// <summary>What resolv.conf(5) says; its defaults and upper bounds.</summary>
internal sealed record ResolvConf
{
    /// <summary>The file.</summary>
    public const string Path = "/etc/resolv.conf";

    private const int MaxServers = 3;
    private const int MaxSearch = 6;

    /// <summary>Name servers, at most 3; the local host when none is given.</summary>
    public ImmutableArray<SocketEndpoint> Servers { get; init; } = [SocketEndpoint.Ip(IPAddress.Loopback, 53)];

    /// <summary>Suffixes tried for names with few dots, at most 6.</summary>
    public ImmutableArray<string> Search { get; init; } = [];

    /// <summary>Dots from which on a name is first tried as it is. Default 1, at most 15.</summary>
    public int Ndots { get; init; } = 1;

    /// <summary>Time for one server to answer. Default 5 s, at most 30.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Rounds over all servers. Default 2, at most 5.</summary>
    public int Attempts { get; init; } = 2;

    /// <summary>Parses the file's text; lines that make no sense are passed over, as the C library does.</summary>
    public static ResolvConf Parse(string text)
    {
        var conf = new ResolvConf();
        var servers = ImmutableArray.CreateBuilder<SocketEndpoint>();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var server, ..] && IPAddress.TryParse(server, out var address) && servers.Count < MaxServers)
                servers.Add(SocketEndpoint.Ip(address, 53));
            else if (words is ["domain", var domain, ..])
                conf = conf with { Search = [domain.Trim('.')] };
            else if (words is ["search", .. var suffixes])
                conf = conf with { Search = [.. suffixes.Select(s => s.Trim('.')).Where(s => s.Length > 0).Take(MaxSearch)] };
            else if (words is ["options", .. var options])
                conf = options.Aggregate(conf, WithOption);
        }

        return servers.Count == 0 ? conf : conf with { Servers = servers.ToImmutable() };
    }

    /// <summary>Full names to ask for, in order, without the final dot.</summary>
    public IEnumerable<string> Candidates(string name)
    {
        if (name.EndsWith('.'))
            return [name[..^1]];

        var searched = Search.Select(suffix => name + "." + suffix);
        return name.Count(c => c == '.') >= Ndots ? searched.Prepend(name) : searched.Append(name);
    }

    private static ResolvConf WithOption(ResolvConf conf, string option)
    {
        var colon = option.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !int.TryParse(option.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            return conf;

        return option[..colon] switch
        {
            "ndots" => conf with { Ndots = Math.Min(value, 15) },
            "timeout" => conf with { Timeout = TimeSpan.FromSeconds(Math.Clamp(value, 1, 30)) },
            "attempts" => conf with { Attempts = Math.Clamp(value, 1, 5) },
            _ => conf,
        };
    }
}
