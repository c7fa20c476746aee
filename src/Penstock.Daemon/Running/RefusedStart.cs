// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Commands;
using Penstock.Daemon.Systemd;
using Penstock.Linux;

namespace Penstock.Daemon.Running;

/// <summary>The end of a daemon that does not start. A service manager starts the next without end, so that a file that is mended needs nobody.</summary>
internal static class RefusedStart
{
    /// <summary>How long the process stays where the next is started at once: nobody waits longer for <c>systemctl start</c> to fail, and starts that fail for days cost little.</summary>
    private static readonly TimeSpan s_beforeTheNext = TimeSpan.FromSeconds(5);

    /// <summary>Tells why, and stays for as long as is due.</summary>
    /// <param name="reasons">Why, the first for the service manager, too.</param>
    /// <param name="error">Takes a line for each.</param>
    /// <param name="notifier">Tells the service manager.</param>
    /// <param name="listeners">Sockets of the process before.</param>
    /// <param name="time">Clock.</param>
    /// <param name="stop">Ends it at once.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> EndAsync(IReadOnlyList<string> reasons, TextWriter error, ServiceNotifier notifier, ListenerStore listeners, TimeProvider time, CancellationToken stop)
    {
        foreach (var reason in reasons)
            await error.WriteLineAsync("penstock: " + reason);
        await StayAsync(reasons[0], notifier, listeners, time, stop);
        return ExitCode.Failed;
    }

    /// <summary>The same of a start that has got no further than the command line.</summary>
    public static async Task<int> EndAsync(string reason, TextWriter error)
    {
        using var notifier = ServiceNotifier.FromEnvironment(TimeProvider.System);
        using var listeners = new ListenerStore(InheritedDescriptors.FromEnvironment().Listeners, keep: null);
        using var signals = new SignalInbox(reload: () => { }, reopen: () => { });
        return await EndAsync([reason], error, notifier, listeners, TimeProvider.System, signals.Stop);
    }

    /// <summary>Stays where a service manager starts the next at once. Who connects meanwhile waits no longer than that.</summary>
    public static async Task StayAsync(string reason, ServiceNotifier notifier, ListenerStore listeners, TimeProvider time, CancellationToken stop)
    {
        if (!notifier.Connected) return;
        notifier.Refused(reason);
        await Task.Delay(s_beforeTheNext, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        listeners.CloseAllBut([]);
    }
}
