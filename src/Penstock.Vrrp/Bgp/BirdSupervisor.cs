// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Penstock.Linux;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Bgp;

/// <summary>Looks after BIRD. Not for several threads at a time.</summary>
internal sealed class BirdSupervisor : IDisposable
{
    private const int Reconfigured = 3, InProgress = 4, Queued = 5; // doc/reply_codes

    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(10), s_stopLimit = TimeSpan.FromSeconds(8), s_silenceLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10), s_poll = TimeSpan.FromSeconds(1);

    private readonly BirdFolder _folder;
    private readonly string _network;
    private readonly Func<ProgramStart> _start;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly int _epoll;
    private readonly Fifo _output;
    private readonly FifoLines _outputLines = new();
    private readonly ProgramLog _log;
    private readonly ProgramConfigFile _config;
    private readonly RestartBackoff _backoff;
    private readonly BirdControl _control;
    private ImmutableSortedDictionary<string, long> _restarts = ImmutableSortedDictionary<string, long>.Empty.WithComparers(StringComparer.Ordinal);
    private ImmutableArray<BirdSession> _sessions = [];
    private ProcessHandle? _process;
    private string? _judged;
    private bool _isWanted;
    private bool _isAlone;
    private long _lost;
    private long _endedAt, _askedAt, _answeredAt;
    private TimeSpan _wait;

    /// <summary>Of its files; the folders are there.</summary>
    /// <param name="folder">Its files.</param>
    /// <param name="network">A name that is taken in this network namespace, by which BIRDs of it are known.</param>
    /// <param name="start">How it is started, as the running configuration has it.</param>
    /// <param name="logger">Log.</param>
    /// <param name="time">Clock.</param>
    /// <param name="epoll">Gets the descriptors that say when to <see cref="Look"/>.</param>
    /// <exception cref="IOException">Files can't be read or made.</exception>
    public BirdSupervisor(BirdFolder folder, string network, Func<ProgramStart> start, ILogger logger, TimeProvider time, int epoll)
    {
        (_folder, _network, _start, _logger, _time, _epoll) = (folder, network, start, logger, time, epoll);
        _output = Fifo.Open(folder.LogFile);
        _log = new ProgramLog("bird", logger, time);
        _config = new ProgramConfigFile(folder.ConfigFile, folder.Run);
        _backoff = new RestartBackoff(time);
        _control = new BirdControl(folder.ControlSocket);
        _ = Epoll.Add(epoll, _output.Descriptor, EpollEvents.In, 1);
    }

    /// <summary>As it stands.</summary>
    public BirdStatus Status() => new(_process?.Pid, _sessions, _restarts, _lost);

    /// <summary>Watches the BIRD that runs, if one does, whatever has become of the file with its process id; ends it where the folder of configurations is another since.</summary>
    /// <exception cref="AddressApplyException">One that has to end does not.</exception>
    public void TakeOver()
    {
        if ((ProgramProcess.Open(_folder.PidFile, _folder.ConfigFile) ?? ProgramProcess.Search(_folder.RunArguments, _network)) is not { } running)
            return;
        if (!running.Arguments().Contains(_folder.ConfigFile, StringComparer.Ordinal))
        {
            using var old = running;
            ProgramProcess.End(old, s_stopLimit);
            if (!old.HasEnded)
                throw NotOurs(old);
            _logger.LogWarning("bird, process {Pid}, has ended: its configuration was in another folder than {State}", old.Pid, _folder.State);
            return;
        }

        Watch(running);
        ReadOutput();
        Ask();
        _logger.LogInformation("bird runs, process {Pid}, and is watched", running.Pid);
    }

    /// <summary>Reads what BIRD says, and does what its state asks for.</summary>
    public void Look()
    {
        ReadOutput();
        if (_process is null)
        {
            if (_isWanted && _time.GetElapsedTime(_endedAt) >= _wait)
                Restart();
        }
        else if (_process.HasEnded)
        {
            Lost("ended", "has ended");
        }
        else if (_process.State() == 'T')
        {
            ProgramProcess.End(_process, TimeSpan.Zero);
            Lost("stopped", "was stopped by a signal, and is ended");
        }
        else if (_time.GetElapsedTime(_askedAt) >= s_poll)
        {
            Ask();
            if (_time.GetElapsedTime(_answeredAt) < s_silenceLimit)
                return;
            ProgramProcess.End(_process, TimeSpan.Zero);
            Lost("silent", $"has not answered for {s_silenceLimit.TotalSeconds} s, and is ended");
        }
    }

    /// <summary>Has BIRD judge a configuration, unless it is the one it runs by or has judged last.</summary>
    /// <exception cref="AddressApplyException">It refuses it, or could not be asked.</exception>
    public void Check(string text)
    {
        if (IsLoaded(text) || string.Equals(text, _judged, StringComparison.Ordinal))
            return;
        try
        {
            _config.Propose(text);
            ConfigTest.Bird(_start().Binary, _config.Candidate);
            _judged = text;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AddressApplyException($"bird: {error.Message}", error);
        }
        finally
        {
            File.Delete(_config.Candidate);
        }
    }

    /// <summary>Has BIRD run by a configuration.</summary>
    /// <exception cref="AddressApplyException">It could not.</exception>
    public void Apply(string text)
    {
        try
        {
            ReadOutput();
            if (_process is { HasEnded: false } && IsLoaded(text))
                return;
            Look();
            Check(text);
            if (!_isAlone)
                StrayBirds.End(_folder, _process?.Pid, _network, s_stopLimit, _logger);
            _isAlone = true;
            _judged = null; // what it depends on may have changed by the next time
            Change(text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SocketException)
        {
            throw new AddressApplyException($"bird: {error.Message}", error);
        }
    }

    /// <summary>Ends BIRD, and removes its configuration.</summary>
    /// <exception cref="AddressApplyException">It takes no signals.</exception>
    public void Stop()
    {
        _isWanted = false;
        if (_process is { } running)
        {
            ProgramProcess.End(running, s_stopLimit);
            if (!running.HasEnded)
                throw NotOurs(running);
            ReadOutput();
            _sessions = []; // meant to end
            Unwatch();
        }

        _config.Restore(text: null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process?.Dispose();
        _output.Dispose();
    }

    private void Change(string text)
    {
        _config.Propose(text);
        var before = _config.Text;
        _config.Accept(text);
        try
        {
            if (_process is not null)
                Reload();
            else if (!_isWanted)
                StartFirst();
            // One that has ended is started by it when its time comes.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SocketException or AddressApplyException)
        {
            _config.Restore(before);
            if (_process is not null && before is not null && error is BirdRefusedException)
                _config.Loaded(); // it runs by that; after any other fault nobody knows, and it is told again
            throw;
        }
    }

    private static AddressApplyException NotOurs(ProcessHandle running) => new($"bird: process {running.Pid} takes no signals from this daemon: it is another user's; end it as root");

    private bool IsLoaded(string text) => _process is not null && _config.IsLoaded(text);

    private void StartFirst()
    {
        var wasWanted = _isWanted;
        Start();
        if (TryAwaitAnswer())
        {
            _logger.LogInformation("bird runs, process {Pid}", _process?.Pid);
            return;
        }

        if (_process is { } failed)
            ProgramProcess.End(failed, TimeSpan.Zero);
        Unwatch();
        _isWanted = wasWanted; // by the configuration before
        throw new AddressApplyException($"bird did not start: {_log.LastWords}");
    }

    private bool TryAwaitAnswer()
    {
        for (var begun = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(begun) < s_startLimit && _process is { HasEnded: false };)
        {
            ReadOutput();
            if (File.Exists(_folder.ControlSocket) && TryAsk())
                return true;
            Thread.Sleep(s_pause);
        }

        ReadOutput();
        return false;
    }

    private void Reload()
    {
        if (!TryAwaitAnswer())
            throw new AddressApplyException($"bird does not answer: {_log.LastWords}");
        var reply = _control.Ask("configure");
        if (reply.Code is not (Reconfigured or InProgress or Queued))
            throw new BirdRefusedException($"bird does not read its configuration: {reply.Text}");
        _config.Loaded();
        _logger.LogInformation("bird has read its configuration again");
    }

    private void Restart()
    {
        try
        {
            Start();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SocketException)
        {
            _endedAt = _time.GetTimestamp();
            _wait = _backoff.Ended();
            _logger.LogError("bird could not be started, again in {Wait} s: {Error}", _wait.TotalSeconds, error.Message);
        }
    }

    private void Start()
    {
        _log.Begin();
        _backoff.Started();
        File.Delete(_folder.PidFile);
        File.Delete(_folder.ControlSocket); // of one that was killed
        var start = _start();
        var pid = start.Start(_folder.Arguments, _folder.LogFile, _output);
        Watch(ProcessHandle.TryOpen(pid) ?? throw new IOException($"{start.Binary} has ended at once"));
        _config.Loaded();
    }

    private void Watch(ProcessHandle process)
    {
        (_process, _isWanted) = (process, true);
        _askedAt = _answeredAt = _time.GetTimestamp();
        _ = Epoll.Add(_epoll, process.Descriptor, EpollEvents.In, 2);
    }

    // A closed descriptor leaves the epoll instance by itself.
    private void Unwatch()
    {
        _process?.Dispose();
        _process = null;
        Take([]);
    }

    private void Lost(string reason, string words)
    {
        ReadOutput();
        _lost += _sessions.Count(session => session.IsUp);
        Unwatch();
        _restarts = _restarts.SetItem(reason, _restarts.GetValueOrDefault(reason) + 1);
        _endedAt = _time.GetTimestamp();
        _wait = _backoff.Ended();
        _logger.LogError("bird {What}; it is started again in {Wait} s; its last words: {Words}", words, _wait.TotalSeconds, _log.LastWords);
    }

    private void Ask()
    {
        if (!TryAsk() && _sessions.Length > 0)
            _logger.LogWarning("bird does not answer");
    }

    private bool TryAsk()
    {
        _askedAt = _time.GetTimestamp();
        try
        {
            var protocols = _control.Ask("show protocols all");
            _answeredAt = _time.GetTimestamp();
            Take(BirdSessions.Read(protocols, _config.Text?.Contains("protocol bfd", StringComparison.Ordinal) is true ? AskForBfd() : null));
            _askedAt = _time.GetTimestamp();
            return true;
        }
        catch (SocketException)
        {
            _answeredAt = _time.GetTimestamp();
            return false; // the fault is on this side
        }
        catch (IOException error)
        {
            if (error is BirdRefusedException)
                _answeredAt = _time.GetTimestamp();
            return false; // it has just been started, or hangs, for which there is a limit
        }
    }

    // Null: it runs none, or none yet.
    private BirdReply? AskForBfd()
    {
        try
        {
            return _control.Ask("show bfd sessions");
        }
        catch (BirdRefusedException)
        {
            return null;
        }
    }

    private void Take(ImmutableArray<BirdSession> sessions)
    {
        var before = _sessions.Where(session => session.IsUp).Select(session => session.Neighbor).ToHashSet(StringComparer.Ordinal);
        foreach (var session in sessions.Where(session => session.IsUp && !before.Contains(session.Neighbor)))
            _logger.LogInformation("BGP session with {Neighbor} is established", session.Neighbor);
        foreach (var session in sessions.Where(session => !session.IsUp && before.Contains(session.Neighbor)))
        {
            _lost++;
            _logger.LogWarning("BGP session with {Neighbor} is lost: {Reason}", session.Neighbor, session.LastError ?? session.State);
        }

        foreach (var neighbor in before.Where(name => !sessions.Any(session => string.Equals(session.Neighbor, name, StringComparison.Ordinal))))
            _logger.LogInformation("BGP session with {Neighbor} is no more", neighbor);

        _sessions = sessions;
    }

    // "2026-11-22 06:10:04.065 <ERR> bfd1: Socket error: SO_PRIORITY: Operation not permitted"
    private void ReadOutput()
    {
        foreach (var line in _outputLines.Read(_output))
        {
            var start = line.IndexOf('<', StringComparison.Ordinal);
            var end = start < 0 ? -1 : line.IndexOf("> ", start, StringComparison.Ordinal);
            if (end < 0)
                _log.Take(line);
            else
                _log.Take(line[(end + 2)..], line[(start + 1)..end] is "ERR" or "FATAL" or "BUG" or "WARN" or "AUTH" ? LogLevel.Warning : LogLevel.Information);
        }
    }
}
