// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using Penstock.Linux;

namespace Penstock.Daemon.Systemd;

/// <summary>What systemd has kept for this process since the one before: the protocol of sd_listen_fds(3).</summary>
/// <param name="Listeners">Listening sockets.</param>
/// <param name="Health">The file of <see cref="Running.KeptHealth"/>; null: there is none.</param>
internal sealed record InheritedDescriptors(IReadOnlyList<FileDescriptor> Listeners, FileDescriptor? Health)
{
    /// <summary>Names that descriptors are kept by (FDNAME= of sd_pid_notify_with_fds(3)).</summary>
    public const string ListenerName = "listener", HealthName = "health";

    private const int First = 3; // SD_LISTEN_FDS_START

    /// <summary>What this process was started with; what it has no use for is closed. The variables are left out of what children inherit.</summary>
    public static InheritedDescriptors FromEnvironment()
    {
        var (pid, count, names) = (TakeNumber("LISTEN_PID"), TakeNumber("LISTEN_FDS"), Take("LISTEN_FDNAMES")?.Split(':') ?? []);
        var listeners = new List<FileDescriptor>();
        FileDescriptor? health = null;
        for (var i = 0; pid == Environment.ProcessId && i < count; i++)
        {
            var number = First + i;
            using var given = new FileDescriptor(number); // Children inherit the number that systemd has given, and not a new one.
            if (SocketCalls.IsListening(number))
                listeners.Add(new FileDescriptor(FileDescriptor.Duplicate(number)));
            else if (health is null && i < names.Length && string.Equals(names[i], HealthName, StringComparison.Ordinal) && MemoryFile.IsOne(number))
                health = new FileDescriptor(FileDescriptor.Duplicate(number));
        }

        return new InheritedDescriptors(listeners, health);
    }

    private static int TakeNumber(string variable) => int.TryParse(Take(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;

    private static string? Take(string variable)
    {
        var text = Environment.GetEnvironmentVariable(variable);
        Environment.SetEnvironmentVariable(variable, null);
        return text;
    }
}
