// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using Penstock.Linux;

namespace Penstock.Daemon.Systemd;

/// <summary>Listening sockets that systemd has kept for this process since the one before: the protocol of sd_listen_fds(3).</summary>
internal static class InheritedListeners
{
    private const int First = 3; // SD_LISTEN_FDS_START

    /// <summary>The sockets that this process was started with; what else it was given is closed. The variables are left out of what children inherit.</summary>
    public static IReadOnlyList<FileDescriptor> FromEnvironment()
    {
        var (pid, count) = (Take("LISTEN_PID"), Take("LISTEN_FDS"));
        Take("LISTEN_FDNAMES");
        return pid == Environment.ProcessId && count > 0 ? [.. Enumerable.Range(First, count).Select(Adopt).OfType<FileDescriptor>()] : [];
    }

    // Children inherit the number that systemd has given, and not the new one.
    private static FileDescriptor? Adopt(int number)
    {
        using var given = new FileDescriptor(number);
        return SocketCalls.IsListening(number) ? new FileDescriptor(FileDescriptor.Duplicate(number)) : null;
    }

    private static int Take(string variable)
    {
        var text = Environment.GetEnvironmentVariable(variable);
        Environment.SetEnvironmentVariable(variable, null);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;
    }
}
