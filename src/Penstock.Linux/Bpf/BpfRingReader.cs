// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Bpf;

/// <summary>Takes what programs write into a ring buffer map, in order.</summary>
public sealed unsafe class BpfRingReader : IDisposable
{
    private readonly SampleHandler _handler;
    private GCHandle _self;
    private nint _ring;
    private Exception? _failure;

    /// <summary>Reads from now on.</summary>
    /// <param name="map">A ring buffer map; it may be disposed while this reads.</param>
    /// <param name="handler">Takes a sample, valid during the call only.</param>
    public BpfRingReader(BpfMap map, SampleHandler handler)
    {
        _handler = handler;
        _self = GCHandle.Alloc(this);
        _ring = Libbpf.ring_buffer__new(map.Fd, &Take, GCHandle.ToIntPtr(_self), 0);
        if (_ring == 0)
        {
            _self.Free();
            throw new BpfException($"read ring buffer {map.Info.Name}", (Errno)Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Takes one sample.</summary>
    public delegate void SampleHandler(ReadOnlySpan<byte> sample);

    /// <summary>Readable while there are samples, for epoll.</summary>
    public int Fd => Libbpf.ring_buffer__epoll_fd(_ring);

    /// <summary>Waits for samples and hands them over.</summary>
    /// <param name="timeout">Longest wait; below zero: without end.</param>
    /// <returns>How many there were.</returns>
    public int Poll(TimeSpan timeout)
    {
        var result = Libbpf.ring_buffer__poll(_ring, timeout < TimeSpan.Zero ? -1 : (int)timeout.TotalMilliseconds);
        if (_failure is { } failure)
        {
            _failure = null;
            throw new InvalidOperationException("the handler of samples failed", failure);
        }

        return result == -(int)Errno.EINTR ? 0 : BpfException.Check(result, "poll the ring buffer");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ring == 0)
            return;
        Libbpf.ring_buffer__free(_ring);
        _ring = 0;
        _self.Free();
    }

    [UnmanagedCallersOnly]
    private static int Take(nint context, byte* data, nuint length)
    {
        var reader = (BpfRingReader)GCHandle.FromIntPtr(context).Target!; // set in the constructor, freed after the ring
        try
        {
            reader._handler(new ReadOnlySpan<byte>(data, (int)length));
            return 0;
        }
        catch (Exception failure) // must not unwind through libbpf: Poll throws it
        {
            reader._failure = failure;
            return -(int)Errno.EINTR;
        }
    }
}
