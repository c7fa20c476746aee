// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Text;
using Penstock.Linux;

namespace Penstock.Daemon.Systemd;

/// <summary>Tells systemd what state the service is in: the datagram protocol of sd_notify(3).</summary>
/// <remarks>Silent when no service manager asked (NOTIFY_SOCKET unset), and when it doesn't listen: a daemon outlives its supervisor's socket.</remarks>
internal sealed class ServiceNotifier : IDisposable
{
    // For closing what is left once draining is over.
    private static readonly TimeSpan StopMargin = TimeSpan.FromSeconds(10);

    private const string Variable = "NOTIFY_SOCKET";

    private readonly TimeProvider _time;
    private readonly Socket? _socket;

    /// <summary>A notifier towards the given address.</summary>
    /// <param name="address">Value of NOTIFY_SOCKET: a path, or <c>@name</c> in the abstract namespace; null or empty: nobody to tell.</param>
    /// <param name="time">Source of CLOCK_MONOTONIC.</param>
    public ServiceNotifier(string? address, TimeProvider time)
    {
        _time = time;
        if (string.IsNullOrEmpty(address)) return;

        var path = address[0] == '@' ? "\0" + address[1..] : address;
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            _socket.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException)
        {
            _socket.Dispose();
            _socket = null;
        }
    }

    /// <summary>Whether a service manager has asked this process to tell it, until <see cref="FromEnvironment"/>.</summary>
    public static bool IsAskedFor => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Whether somebody listens.</summary>
    public bool Connected => _socket is not null;

    /// <summary>The notifier of this process. The variable is left out of what children inherit.</summary>
    public static ServiceNotifier FromEnvironment(TimeProvider time)
    {
        var address = Environment.GetEnvironmentVariable(Variable);
        Environment.SetEnvironmentVariable(Variable, null);
        return new ServiceNotifier(address, time);
    }

    /// <summary>The service answers requests; also ends a reload.</summary>
    public void Ready(string status) => Send("READY=1\nSTATUS=" + OneLine(status));

    /// <summary>The service does not start, and its process ends before long.</summary>
    /// <param name="reason">Why.</param>
    public void Refused(string reason) => Send("STATUS=the start is refused: " + OneLine(reason));

    /// <summary>A reload begins; <see cref="Ready"/> ends it.</summary>
    public void Reloading() => Send($"RELOADING=1\nMONOTONIC_USEC={MonotonicMicroseconds()}");

    /// <summary>The service drains and will end.</summary>
    /// <param name="status">For people.</param>
    /// <param name="patience">How long that may take; systemd's own time-out is pushed out beyond it.</param>
    public void Stopping(string status, TimeSpan patience) =>
        Send($"STOPPING=1\nEXTEND_TIMEOUT_USEC={(long)(patience + StopMargin).TotalMicroseconds}\nSTATUS={OneLine(status)}");

    /// <summary>Descriptors that the service manager shall keep, and give to the next process that it starts (FDSTORE=1; systemd lets go of those that listen no more).</summary>
    public void Keep(IReadOnlyList<FileDescriptor> descriptors) => Keep(descriptors, InheritedDescriptors.ListenerName);

    /// <summary>The file of <see cref="Running.KeptHealth"/>, likewise: until the service is stopped.</summary>
    public void Keep(MemoryFile health) => Keep([health.Descriptor], InheritedDescriptors.HealthName);

    /// <summary>A sign of life, due within every WATCHDOG_USEC.</summary>
    public void Watchdog() => Send("WATCHDOG=1");

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");

    // Stopwatch reads CLOCK_MONOTONIC on Linux, which is what MONOTONIC_USEC asks for.
    private long MonotonicMicroseconds() => (long)(_time.GetTimestamp() * (1_000_000.0 / _time.TimestampFrequency));

    private void Keep(IReadOnlyList<FileDescriptor> descriptors, string name)
    {
        foreach (var some in descriptors.Select(one => one.Number).Chunk(SocketCalls.MaxDescriptors))
        {
            // A failure is as those of Send.
            if (_socket is not null)
                _ = SocketCalls.SendDescriptors((int)_socket.Handle, Encoding.UTF8.GetBytes($"FDSTORE=1\nFDNAME={name}"), some);
        }
    }

    private void Send(string message)
    {
        try
        {
            _socket?.Send(Encoding.UTF8.GetBytes(message));
        }
        catch (SocketException)
        {
            // The service manager is restarting; what it missed it asks for by its own time-outs.
        }
    }
}
