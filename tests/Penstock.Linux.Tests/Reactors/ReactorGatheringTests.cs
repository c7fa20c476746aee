// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.Linux.Reactors;

namespace Penstock.Linux.Tests.Reactors;

/// <summary>What a reactor does with a wait for more; the test is its thread, and says what happens while it sleeps and waits.</summary>
public sealed class ReactorGatheringTests : IDisposable
{
    private readonly ScriptedSleep _sleep = new();
    private readonly List<string> _log = [];
    private readonly List<Signal> _signals = [];
    private readonly Reactor _reactor;

    public ReactorGatheringTests()
    {
        _reactor = new Reactor("test", exception => throw exception, _sleep);
        for (var i = 0; i < Gathering.LeastInFlight; i++)
            _reactor.BeginRequest();
        for (var i = 0; i < Gathering.Enough; i++)
            Add(new Signal($"{i}", mayWait: true, _log));
    }

    public void Dispose()
    {
        _reactor.Dispose();
        _signals.ForEach(signal => signal.Dispose());
    }

    [Fact]
    public void Woken_ForLittle_HandlesWhatComesMeanwhileInTheSameTurn()
    {
        _sleep.WhileAsleep = _ => _signals[0].Raise();
        _sleep.WhilePaused = () =>
        {
            _signals[1].Raise();
            _signals[2].Raise();
        };

        _reactor.RunTurn();

        _log.Order(StringComparer.Ordinal).ShouldBe(["0", "1", "2"]);
        _reactor.Turn.ShouldBe(1);
        _reactor.Gathers.ShouldBe(1);
        _reactor.Gathered.ShouldBe(2);
    }

    [Fact]
    public void Source_WokenForTwice_HandlesBothAtOnce()
    {
        _sleep.WhileAsleep = _ => _signals[0].Raise();
        _sleep.WhilePaused = _signals[0].Raise;

        _reactor.RunTurn();

        _log.ShouldBe(["0"]);
        _reactor.Gathered.ShouldBe(1);
    }

    [Fact]
    public void Wait_ThatGathersNothing_LosesNothing()
    {
        _sleep.WhileAsleep = _ => _signals[0].Raise();

        for (var turn = 0; turn < 10; turn++)
            _reactor.RunTurn();

        _log.Count.ShouldBe(10);
        _sleep.Pauses.ShouldBe(3); // Turns 1, 4 and 9.
    }

    [Fact]
    public void Wait_InWhichOneConnectionGathersRequests_IsWorthIt()
    {
        _sleep.WhileAsleep = _ => _signals[0].Raise();
        _signals[0].Doing = () =>
        {
            for (var i = 0; i < Gathering.LeastGathered + 1; i++)
                _reactor.EndRequest(_reactor.BeginRequest());
        };

        for (var turn = 0; turn < 10; turn++)
            _reactor.RunTurn();

        _sleep.Pauses.ShouldBe(10);
        _reactor.Gathered.ShouldBe(10 * ((2 * (Gathering.LeastGathered + 1)) - 1));
    }

    [Fact]
    public void Flushes_OfAnEventThatBringsManyRequests_ArePutOffToTheTurnsEnd()
    {
        _sleep.WhileAsleep = _ => _signals[0].Raise();
        _signals[0].Doing = () =>
        {
            _reactor.TryDefer(() => _log.Add("never")).ShouldBeFalse("the turn has no other event");
            _reactor.DeferFlushes();
            _reactor.TryDefer(() => _log.Add("sent")).ShouldBeTrue();
            _log.Add("more");
        };

        _reactor.RunTurn();

        _log.ShouldBe(["0", "more", "sent"]);
        _reactor.DeferFlushes();
        _reactor.TryDefer(() => _log.Add("never")).ShouldBeFalse("it would wait for the end of a turn that has not begun");
    }

    [Fact]
    public void Flushes_OfALongTurn_GoOutAsSoonAsTheyAreMany()
    {
        while (_signals.Count < Reactor.MostDeferred + 3)
            Add(new Signal("event", mayWait: true, _log));
        foreach (var signal in _signals)
        {
            signal.Doing = () => _reactor.TryDefer(() =>
            {
                _log.Add("sent");
                _reactor.TryDefer(() => _log.Add("never")).ShouldBeFalse("what a flush goes on with is sent at once");
            }).ShouldBeTrue();
        }

        _sleep.WhileAsleep = _ => _signals.ForEach(signal => signal.Raise());

        _reactor.RunTurn();

        _log.IndexOf("sent").ShouldBe(Reactor.MostDeferred);
        _log.FindIndex(Reactor.MostDeferred, entry => entry != "sent").ShouldBe(2 * Reactor.MostDeferred);
        _log.Skip((2 * Reactor.MostDeferred) + 3).ShouldBe(["sent", "sent", "sent"]);
    }

    [Fact]
    public void Woken_WithFewInFlight_DoesNotWait()
    {
        using var reactor = new Reactor("test", exception => throw exception, _sleep);
        using var signal = new Signal("few", mayWait: true, _log);
        signal.Listen(reactor);
        for (var i = 1; i < Gathering.LeastInFlight; i++)
            reactor.BeginRequest();
        _sleep.WhileAsleep = _ => signal.Raise();

        for (var turn = 0; turn < 10; turn++)
            reactor.RunTurn();

        _log.Count.ShouldBe(10);
        _sleep.Pauses.ShouldBe(0);
        _sleep.Looks.ShouldBe(0, "nor does it look before it sleeps");
    }

    [Fact]
    public void Busy_WithoutHavingSlept_DoesNotWait()
    {
        _signals[0].Raise();

        _reactor.RunTurn();

        _log.ShouldBe(["0"]);
        _sleep.Pauses.ShouldBe(0);
    }

    [Fact]
    public void Woken_ForEnough_DoesNotWait()
    {
        _sleep.WhileAsleep = _ => _signals.ForEach(signal => signal.Raise());

        _reactor.RunTurn();

        _log.Count.ShouldBe(Gathering.Enough);
        _sleep.Pauses.ShouldBe(0);
    }

    [Fact]
    public void Woken_BySomethingUrgent_DoesNotWait()
    {
        var urgent = new Signal("urgent", mayWait: false, _log);
        Add(urgent);
        _sleep.WhileAsleep = _ => urgent.Raise();

        _reactor.RunTurn();

        _log.ShouldBe(["urgent"]);
        _sleep.Pauses.ShouldBe(0);
    }

    [Fact]
    public void Woken_ForWhatWasPosted_DoesNotWait()
    {
        _sleep.WhileAsleep = _ =>
        {
            _signals[0].Raise();
            _reactor.Post(() => _log.Add("posted"));
        };

        _reactor.RunTurn();

        _log.ShouldBe(["0", "posted"]);
        _sleep.Pauses.ShouldBe(0);
    }

    [Fact]
    public void Yielded_Work_IsNotMadeToWait()
    {
        _reactor.Yield(() => _log.Add("yielded"));
        _signals[0].Raise();

        _reactor.RunTurn();

        _log.ShouldBe(["0", "yielded"]);
        _sleep.Pauses.ShouldBe(0);
    }

    [Fact]
    public void Timer_ThatIsDue_IsNotMadeToWait()
    {
        using var nothing = Epoll.Create();
        var timer = new LoggingTimer(_log);
        _reactor.Timers.Arm(timer, _reactor.Now + 1);
        _sleep.WhileAsleep = timeout =>
        {
            for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun).TotalMilliseconds < timeout;)
                Epoll.Wait(nothing.Number, new EpollEvent[1], timeout).ShouldBe(0);
            _signals[0].Raise();
        };

        while (!_log.Contains("timer"))
            _reactor.RunTurn();

        _sleep.Pauses.ShouldBe(0);
    }

    [Fact]
    public void Pause_OfTheKernel_IsAsLongAsItIsMeantToBe()
    {
        const int getTimerSlack = 30; // PR_GET_TIMERSLACK
        var slack = -1;
        var thread = new Thread(() =>
        {
            var sleep = new KernelSleep();
            sleep.Begin();
            sleep.Pause();
            slack = Libc.prctl(getTimerSlack, 0);
        });

        thread.Start();
        thread.Join();

        slack.ShouldBeInRange(0, KernelSleep.Slack); // 0: of a real-time thread.
    }

    private void Add(Signal signal)
    {
        signal.Listen(_reactor);
        _signals.Add(signal);
    }

    /// <summary>What sleeps at a word of the test, and takes what is there then.</summary>
    private sealed class ScriptedSleep : IReactorSleep
    {
        public Action<int>? WhileAsleep { get; set; }

        public Action? WhilePaused { get; set; }

        public int Pauses { get; private set; }

        public int Looks { get; private set; }

        public void Begin()
        {
            // The thread is the test's.
        }

        public int Wait(int epoll, Span<EpollEvent> events, int timeoutMilliseconds)
        {
            if (timeoutMilliseconds == 0)
                Looks++;
            else
                WhileAsleep?.Invoke(timeoutMilliseconds);
            return Epoll.Wait(epoll, events, timeoutMilliseconds: 0);
        }

        public void Pause()
        {
            Pauses++;
            WhilePaused?.Invoke();
        }
    }

    /// <summary>A source, reported once for each time it is raised.</summary>
    private sealed class Signal(string name, bool mayWait, List<string> log) : EpollSource, IDisposable
    {
        private readonly FileDescriptor _counter = Epoll.CreateEventCounter();

        public Action? Doing { get; set; }

        public override bool MayWait => mayWait;

        public void Listen(Reactor reactor) => reactor.Add(this, _counter.Number, EpollEvents.In | EpollEvents.EdgeTriggered).Error.ShouldBe(Errno.None);

        public void Raise() => Epoll.Signal(_counter.Number);

        public override void OnEvents(EpollEvents events)
        {
            log.Add(name);
            Doing?.Invoke();
        }

        public void Dispose() => _counter.Dispose();
    }

    private sealed class LoggingTimer(List<string> log) : TimerNode
    {
        public override void OnExpired() => log.Add("timer");
    }
}
