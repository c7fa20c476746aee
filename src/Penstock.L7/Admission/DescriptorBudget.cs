// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Linux;

namespace Penstock.L7.Admission;

/// <summary>
/// Shares the proxy tier's descriptors out between clients and endpoints: a request in flight takes one on either side, so clients may hold
/// half of them. Without that, idle clients take the descriptors that requests need to be forwarded.
/// Any thread may use it.
/// </summary>
internal sealed partial class DescriptorBudget
{
    /// <summary>How long after it was last held back accepting still counts as held back: well above a pause.</summary>
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(5);

    /// <summary>Descriptors of a client: its own, and one towards an endpoint.</summary>
    private const int DescriptorsEach = 2;

    /// <summary>Least time between two lines about the same.</summary>
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(30);

    private readonly ulong _limit;
    private readonly DescriptorShare _share;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Occurrence _heldBack = new();
    private readonly Occurrence _connectRefused = new();

    /// <summary>A budget with no client in it.</summary>
    /// <param name="limit">The process's limit of open files.</param>
    /// <param name="share">What the tier may have.</param>
    /// <param name="time">Clock of warnings and log lines.</param>
    /// <param name="logger">Where it says that descriptors are short.</param>
    public DescriptorBudget(ulong limit, DescriptorShare share, TimeProvider time, ILogger logger) => (_limit, _share, _time, _logger) = (limit, share, time, logger);

    /// <summary>Connections that clients may hold, over all listeners, as things stand in the rest of the process.</summary>
    public int MaxClients => Math.Max(1, _share.Most / DescriptorsEach);

    /// <summary>Whether one more client may connect.</summary>
    public bool HasRoom => _share.Used / DescriptorsEach < MaxClients;

    /// <summary>Where descriptors come from.</summary>
    public DescriptorShare Share => _share;

    /// <summary>A client has connected.</summary>
    public void Enter() => _share.Take(DescriptorsEach);

    /// <summary>A client's connection is closed.</summary>
    public void Leave() => _share.Give(DescriptorsEach);

    /// <summary>A connection to an endpoint lies unused that nobody but its client can use, beside the one that is counted for each client.</summary>
    public void EnterUnused() => _share.Take(1);

    /// <summary>It is used, or closed.</summary>
    public void LeaveUnused() => _share.Give(1);

    /// <summary>Says what the limit allows.</summary>
    public void Announce() => LogAllowed(_logger, _limit, MaxClients);

    /// <summary>Clients wait that were not accepted.</summary>
    /// <param name="error">What accept(2) failed with; <see cref="Errno.None"/>: clients hold their share.</param>
    public void OnHeldBack(Errno error)
    {
        if (_heldBack.Happens(error, _time, BetweenLines))
            LogHeldBack(_logger, HeldBack(error));
    }

    /// <summary>A connection to an endpoint could not even be begun.</summary>
    /// <param name="error">EMFILE, ENFILE, ENOMEM or ENOBUFS.</param>
    public void OnConnectRefused(Errno error)
    {
        if (_connectRefused.Happens(error, _time, BetweenLines))
            LogConnectRefused(_logger, Cause(error));
    }

    /// <summary>What is short now, in words.</summary>
    public IEnumerable<string> Warnings()
    {
        if (_heldBack.Within(Recent, _time) is { } accept)
            yield return HeldBack(accept);
        if (_connectRefused.Within(Recent, _time) is { } connect)
            yield return $"connections to endpoints fail: {Cause(connect)}";
    }

    private string HeldBack(Errno error) => error == Errno.None
        ? $"new clients wait: the {MaxClients} connections are open that the limit of open files, {_limit}, allows to clients (LimitNOFILE= of systemd, or ulimit -n)"
        : $"new clients wait: {Cause(error)}";

    private string Cause(Errno error) => error switch
    {
        Errno.EMFILE => $"no file descriptor is left of the {_limit} that the limit of open files allows (LimitNOFILE= of systemd, or ulimit -n)",
        Errno.ENFILE => "the host has no open file left (sysctl fs.file-max)",
        _ => $"the kernel has no memory for a socket ({error})",
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "the limit of open files, {Limit}, allows {Clients} client connections at once, and as many to endpoints")]
    private static partial void LogAllowed(ILogger logger, ulong limit, int clients);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Reason}")]
    private static partial void LogHeldBack(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "a connection to an endpoint failed: {Reason}")]
    private static partial void LogConnectRefused(ILogger logger, string reason);

    /// <summary>When something last happened, and when that was last logged.</summary>
    private sealed class Occurrence
    {
        private readonly Lock _gate = new();
        private Errno _error;
        private long? _last;
        private long? _logged;

        /// <summary>It happens now.</summary>
        /// <returns>Whether it is time to log it.</returns>
        public bool Happens(Errno error, TimeProvider time, TimeSpan betweenLines)
        {
            lock (_gate)
            {
                _error = error;
                _last = time.GetTimestamp();
                if (_logged is { } logged && time.GetElapsedTime(logged) < betweenLines)
                    return false;
                _logged = _last;
                return true;
            }
        }

        /// <summary>What it happened with, if it did so lately.</summary>
        public Errno? Within(TimeSpan age, TimeProvider time)
        {
            lock (_gate)
            {
                return _last is { } last && time.GetElapsedTime(last) < age ? _error : null;
            }
        }
    }
}
