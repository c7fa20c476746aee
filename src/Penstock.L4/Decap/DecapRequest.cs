// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model.L4;

namespace Penstock.L4.Decap;

/// <summary>Where a real server takes tunnels apart.</summary>
/// <param name="Interface">The interface that tunnelled packets come in by.</param>
public sealed record DecapRequest(string Interface)
{
    /// <summary>Where state is pinned unless told otherwise.</summary>
    public const string DefaultPins = "/sys/fs/bpf/penstock-decap";

    /// <summary>UDP port of GUE unless told otherwise: what <c>dsr-gue</c> sends to (IANA: gue).</summary>
    public const int DefaultGuePort = 6080;

    /// <summary>Addresses that tunnels may end at; none: all the interface has now, but for link-local ones.</summary>
    public ImmutableArray<IPAddress> Addresses { get; init; } = [];

    /// <summary>UDP port of GUE; 0: none is taken apart.</summary>
    public int GuePort { get; init; } = DefaultGuePort;

    /// <summary>Where XDP runs.</summary>
    public XdpAttach Attach { get; init; } = XdpAttach.Native;

    /// <summary>Folder in a bpffs that the link is pinned in.</summary>
    public string Pins { get; init; } = DefaultPins;

    /// <summary>The compiled program; null: bpf/decap.bpf.o beside the binary, else in /usr/lib/penstock.</summary>
    public string? Program { get; init; }
}
