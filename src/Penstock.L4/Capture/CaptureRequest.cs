// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;

namespace Penstock.L4.Capture;

/// <summary>Which packets to capture, of those to the addresses of the L4 tier.</summary>
public sealed record CaptureRequest
{
    /// <summary>Bytes of each packet that are kept at most: the room a sample has in the kernel.</summary>
    public const int MostBytes = SampleLayout.MostBytes;

    /// <summary>Verdicts there are, by the words of XDP.</summary>
    public static ImmutableArray<string> VerdictNames { get; } = ["aborted", "drop", "pass", "tx", "redirect"];

    /// <summary>Reasons of drops there are.</summary>
    public static ImmutableArray<string> ReasonNames { get; } = [.. Enum.GetValues<Xdp.DropReason>().Where(reason => reason != Xdp.DropReason.None).Select(Xdp.DropReasonNames.Name)];

    /// <summary>Packets of the service only that listens there, such as <c>tcp://203.0.113.10:80</c>; null: of all, and of none.</summary>
    public string? Service { get; init; }

    /// <summary>Packets of clients in this network only; null: of all.</summary>
    public IPNetwork? Client { get; init; }

    /// <summary>Packets with these verdicts only; none: all.</summary>
    public ImmutableArray<string> Verdicts { get; init; } = [];

    /// <summary>Packets dropped for these reasons only; none: all packets.</summary>
    public ImmutableArray<string> Reasons { get; init; } = [];

    /// <summary>One packet in so many of those that match, counted for each CPU.</summary>
    public int OneIn { get; init; } = 1;

    /// <summary>Bytes of each packet, 14 to <see cref="MostBytes"/>.</summary>
    public int Bytes { get; init; } = MostBytes;
}
