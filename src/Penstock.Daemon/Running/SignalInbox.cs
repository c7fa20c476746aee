// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Daemon.Running;

/// <summary>Signals as the daemon understands them. SIGTERM and SIGINT stop it, a second one at once; SIGHUP reloads; SIGUSR1 reopens the access log.</summary>
internal sealed class SignalInbox : IDisposable
{
    private const PosixSignal UserSignal1 = (PosixSignal)10; // SIGUSR1 of Linux on x86 and Arm; the enum passes raw numbers through

    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _stopAtOnce = new();

    /// <summary>Takes over the signals at once.</summary>
    /// <param name="reload">On SIGHUP; must not block.</param>
    /// <param name="reopen">On SIGUSR1; must not block.</param>
    public SignalInbox(Action reload, Action reopen)
    {
        On(PosixSignal.SIGTERM, RequestStop);
        On(PosixSignal.SIGINT, RequestStop);
        On(PosixSignal.SIGHUP, reload);
        On(UserSignal1, reopen);
    }

    /// <summary>Cancelled by the first SIGTERM or SIGINT.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Cancelled by the second.</summary>
    public CancellationToken StopAtOnce => _stopAtOnce.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _stop.Dispose();
        _stopAtOnce.Dispose();
    }

    private void On(PosixSignal signal, Action action) =>
        _registrations.Add(PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true; // the default is to end the process
            action();
        }));

    private void RequestStop()
    {
        if (_stop.IsCancellationRequested) _stopAtOnce.Cancel();
        else _stop.Cancel();
    }
}
