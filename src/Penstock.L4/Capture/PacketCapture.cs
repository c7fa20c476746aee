// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.L4.Xdp;
using Penstock.Linux;
using Penstock.Linux.Bpf;

namespace Penstock.L4.Capture;

/// <summary>
/// Captures packets of the L4 tier that is pinned in a folder, whether or not its daemon runs. One can at a time. The program stops by
/// itself when this process is killed; maps that are made anew meanwhile are followed.
/// </summary>
public sealed class PacketCapture : IDisposable
{
    private const string Rights = "capturing takes root, or the right CAP_BPF and a way into the folder of the pins";

    private static readonly TimeSpan RenewEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(100);

    private readonly PinTree _pins;
    private readonly CaptureRequest _request;
    private readonly Action<CapturedPacket> _take;
    private SampleReader _reader;
    private long _renewedAt = Stopwatch.GetTimestamp();
    private (long Matched, long Lost) _before;

    /// <summary>Captures from now on.</summary>
    /// <param name="pins">Folder the tier is pinned in.</param>
    /// <param name="request">Which packets.</param>
    /// <param name="take">Takes each.</param>
    /// <exception cref="L4ApplyException">Nothing runs from there, a right is missing, or somebody captures already.</exception>
    public PacketCapture(string pins, CaptureRequest request, Action<CapturedPacket> take)
    {
        _pins = new PinTree(pins);
        _request = request;
        _take = take;
        _reader = Explained(() =>
        {
            _pins.RequireFolder();
            Interfaces = Attached();
            if (Interfaces.Count > 0)
                return new SampleReader(_pins, _request, _take);
            throw new L4ApplyException(
                Environment.IsPrivilegedProcess ? $"nothing is attached from {pins}: no L4 services run there" : $"nothing is to be seen in {pins}: {Rights}");
        });
    }

    /// <summary>Packets that matched, before one in so many was taken.</summary>
    public long Matched => _before.Matched + _reader.Counted.Matched;

    /// <summary>Samples lost because they were not taken as fast as they came.</summary>
    public long Lost => _before.Lost + _reader.Counted.Lost;

    /// <summary>Interfaces that ran the program at the start, with their numbers.</summary>
    public IReadOnlyList<(int Index, string Name)> Interfaces { get; private set; } = [];

    /// <summary>Waits a little for packets, and hands over those there are.</summary>
    /// <exception cref="L4ApplyException">The tier was detached.</exception>
    public void Poll()
    {
        _reader.Poll(LongestWait);
        if (Stopwatch.GetElapsedTime(_renewedAt) < RenewEvery)
            return;
        _renewedAt = Stopwatch.GetTimestamp();
        Explained(() =>
        {
            using var samples = PinnedServices.Open(_pins, "captures");
            if (samples.Info.Id != _reader.MapId)
                Follow();
            _reader.Renew();
            return true;
        });
    }

    /// <summary>Stops, and hands over what is still in the kernel.</summary>
    public void Stop()
    {
        _reader.Stop();
        _reader.Poll(TimeSpan.Zero);
    }

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    private void Follow()
    {
        var next = new SampleReader(_pins, _request, _take);
        Stop();
        _before = (Matched, Lost);
        _reader.Dispose();
        _reader = next;
    }

    private List<(int Index, string Name)> Attached()
    {
        var found = new List<(int, string)>();
        foreach (var name in _pins.LinkNames())
        {
            using var link = BpfLink.OpenPinned(_pins.Link(name));
            if (link is { Info.InterfaceIndex: > 0 and var index })
                found.Add((index, name));
        }

        return found;
    }

    private T Explained<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception error) when (error is BpfException { Error: Errno.EPERM or Errno.EACCES } or UnauthorizedAccessException)
        {
            throw new L4ApplyException($"{Rights}: {error.Message}", error);
        }
        catch (Exception error) when (error is BpfException or IOException or DllNotFoundException)
        {
            throw new L4ApplyException(error.Message, error);
        }
    }
}
