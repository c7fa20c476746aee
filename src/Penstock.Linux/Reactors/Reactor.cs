// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Diagnostics;

namespace Penstock.Linux.Reactors;

/// <summary>
/// One thread with an epoll instance, memory, timers and connections of its own. A turn of its loop waits for events (see <see cref="BeginRequest"/>), marks all
/// sources that have some, dispatches them, expires timers, and runs what was yielded or posted. The thread uses no rights of the process
/// (<see cref="ThreadRights"/>): what needs some, such as binding a port below 1024, is done by the one that posts.
/// </summary>
public sealed class Reactor : IDisposable
{
    /// <summary>Events taken in one turn: enough to spread one epoll_wait over many, few enough that bulk transfers do not make a turn long.</summary>
    internal const int MaxEvents = 128;

    /// <summary>Flushes put off at most: enough to wake peers for several messages, few enough that they are at work while the rest of a long turn is.</summary>
    internal const int MostDeferred = 16;

    /// <summary>Work that had yielded taken up again in one turn.</summary>
    private const int MaxYielded = 32;

    private readonly string _name;
    private readonly Action<Exception> _onFailure;
    private readonly IReactorSleep _sleep;
    private readonly Gathering _gathering = new();
    private readonly FileDescriptor _epoll = Epoll.Create();
    private readonly WakeSource _wake;
    private readonly EpollEvent[] _events = GC.AllocateArray<EpollEvent>(MaxEvents, pinned: true);
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly Stack<int> _freeSlots = new();
    private readonly Queue<Action> _yielded = new();
    private readonly List<Action> _deferred = new(MaxEvents);
    private bool _defers;
    private bool _dispatches;
    private EpollSource?[] _sources = new EpollSource?[256];
    private uint[] _generations = new uint[256];
    private int _usedSlots;
    private Thread? _thread;
    private volatile bool _stopping;
    private long _loopFailures;

    /// <summary>A reactor that does not run yet.</summary>
    /// <param name="name">Name of its thread.</param>
    /// <param name="onFailure">Told, on its thread, of each exception that an event, an action or a timer threw: a bug of who was called.</param>
    public Reactor(string name, Action<Exception> onFailure)
        : this(name, onFailure, new KernelSleep())
    {
    }

    /// <summary>The same with another way to sleep.</summary>
    internal Reactor(string name, Action<Exception> onFailure, IReactorSleep sleep)
    {
        _name = name;
        _onFailure = onFailure;
        _sleep = sleep;
        Now = Clock();
        Timers = new TimingWheel(Now, OnFailure);
        _wake = new WakeSource();
        Add(_wake, _wake.Counter.Number, EpollEvents.In);
    }

    /// <summary>Its memory.</summary>
    public BufferPool Buffers { get; } = new();

    /// <summary>Its timers.</summary>
    public TimingWheel Timers { get; }

    /// <summary>Monotonic milliseconds at the begin of this turn.</summary>
    public long Now { get; private set; }

    /// <summary>Counts turns.</summary>
    public long Turn { get; private set; }

    /// <summary>The last turn, this one perhaps, that saw every descriptor that was ready; others took as many events as a turn may, and left some.</summary>
    public long WholeTurn { get; private set; }

    /// <summary>The same of the turns before this one.</summary>
    public long WholeTurnBefore { get; private set; }

    /// <summary>Requests in flight that began lately.</summary>
    public int InFlight => _gathering.InFlight;

    /// <summary>How often it has waited for more; read by any thread.</summary>
    public long Gathers => _gathering.Waits;

    /// <summary>What had come when it had waited, events or requests' beginnings and ends; read by any thread.</summary>
    public long Gathered => _gathering.Gathered;

    /// <summary>Exceptions caught by the loop's catch-alls: each is a bug of ours.</summary>
    public long LoopFailures => Volatile.Read(ref _loopFailures);

    /// <summary>Starts the thread.</summary>
    public void Start()
    {
        var thread = new Thread(Run, maxStackSize: 1 << 20) { Name = _name, IsBackground = true };
        thread.UnsafeStart(); // without the context of the one that starts it: see ThreadRights.Control
        _thread = thread; // one that could not be started can't be waited for
    }

    /// <summary>Runs something on the reactor's thread, soon; called from any thread.</summary>
    public void Post(Action action)
    {
        _posted.Enqueue(action);
        Epoll.Signal(_wake.Counter.Number);
    }

    /// <summary>
    /// A request begins; called on the reactor's thread. Where many are in flight, a reactor that was asleep and is woken for little waits 50 us and takes what has come meanwhile in the same turn.
    /// Where none is ever told of, it never waits.
    /// </summary>
    /// <returns>What <see cref="EndRequest"/> is to be given.</returns>
    public int BeginRequest() => _gathering.Begin();

    /// <summary>A request has ended, well or not; called on the reactor's thread, once.</summary>
    /// <param name="begun">What <see cref="BeginRequest"/> has said.</param>
    public void EndRequest(int begun) => _gathering.End(begun);

    /// <summary>Goes on with something in the next turn; called on the reactor's thread by what has had its share of this one.</summary>
    public void Yield(Action action) => _yielded.Enqueue(action);

    /// <summary>Awaited by work that has had its share of this turn.</summary>
    public ReactorYield YieldTurn() => new(this);

    /// <summary>
    /// Puts a flush off until the turn's events are dispatched, or <see cref="MostDeferred"/> are put off, where all are sent in a row: peers that
    /// wait are woken to find several messages instead of one each (0.3 to 0.2 context switches a request at 64 connections).
    /// </summary>
    /// <returns>False when the turn has no other event, or they are dispatched: then it is sent at once.</returns>
    public bool TryDefer(Action flush)
    {
        if (_defers)
            _deferred.Add(flush);
        return _defers;
    }

    /// <summary>Has flushes put off from here on as <see cref="TryDefer"/> does, as if the turn had several events: the one that is dispatched brings work for many that share a connection (HTTP/2).</summary>
    public void DeferFlushes() => _defers |= _dispatches;

    /// <summary>Puts a descriptor under epoll.</summary>
    public IoResult Add(EpollSource source, int fd, EpollEvents events)
    {
        var slot = _freeSlots.TryPop(out var free) ? free : _usedSlots++;
        if (slot == _sources.Length)
        {
            Array.Resize(ref _sources, slot * 2);
            Array.Resize(ref _generations, slot * 2);
        }

        source.Fd = fd;
        source.EpollSlot = slot;
        _sources[slot] = source;
        var result = Epoll.Add(_epoll.Number, fd, events, ((ulong)_generations[slot] << 32) | (uint)slot);
        if (result.IsError)
            Forget(source);
        return result;
    }

    /// <summary>Forgets a source whose descriptor is about to be closed (which takes it out of epoll).</summary>
    public void Forget(EpollSource source)
    {
        var slot = source.EpollSlot;
        _sources[slot] = null;
        _generations[slot]++;
        _freeSlots.Push(slot);
        source.EpollSlot = -1;
        source.Fd = -1;
        source.Pending = EpollEvents.None;
    }

    /// <summary>Forgets a source whose descriptor lives on elsewhere.</summary>
    public void Remove(EpollSource source)
    {
        _ = Epoll.Remove(_epoll.Number, source.Fd);
        Forget(source);
    }

    /// <summary>Ends the loop and waits for its thread.</summary>
    public void Dispose()
    {
        _stopping = true;
        Epoll.Signal(_wake.Counter.Number);
        _thread?.Join();
        _wake.Counter.Dispose();
        _epoll.Dispose();
    }

    private static long Clock() => Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1000);

    private void Run()
    {
        ThreadRights.GiveUp();
        _sleep.Begin();
        while (!_stopping)
            RunTurn();
    }

    /// <summary>One turn of the loop; for tests that are its thread.</summary>
    internal void RunTurn()
    {
        var count = AwaitEvents();
        Now = Clock();
        Turn++;
        WholeTurnBefore = WholeTurn;
        if (count < MaxEvents)
            WholeTurn = Turn;
        for (var i = 0; i < count; i++)
        {
            var ev = _events[i];
            var slot = (int)(uint)ev.Data;
            if (_generations[slot] == (uint)(ev.Data >> 32) && _sources[slot] is { } source)
                source.Pending |= ev.Events; // What was gathered may be of a source that had something before.
        }

        _dispatches = true;
        _defers = count > 1;
        for (var i = 0; i < count; i++)
        {
            var slot = (int)(uint)_events[i].Data;
            if (_sources[slot] is { Pending: not EpollEvents.None } source)
            {
                var pending = source.Pending;
                source.Pending = EpollEvents.None;
                Dispatch(source, pending);
                if (_deferred.Count >= MostDeferred)
                {
                    SendDeferred();
                    _dispatches = _defers = true;
                }
            }
        }

        SendDeferred();
        Timers.Advance(Now);
        RunYielded();
        while (_posted.TryDequeue(out var action))
            Dispatch(action);
        _gathering.EndTurn();
    }

    /// <summary>Sleeps until there are events, or it has something else to do.</summary>
    /// <returns>How many have come: the first of <see cref="_events"/>.</returns>
    private int AwaitEvents()
    {
        var begun = Clock();
        var timeout = _yielded.Count > 0 || !_posted.IsEmpty ? 0 : Timers.MillisecondsToNext(begun);
        if (timeout == 0 || !_gathering.IsDue())
            return _sleep.Wait(_epoll.Number, _events, timeout);

        // It looks first, and so knows whether it has slept: while it is busy, more comes by itself.
        var count = _sleep.Wait(_epoll.Number, _events, 0);
        if (count > 0)
            return count;
        count = _sleep.Wait(_epoll.Number, _events, timeout);
        var isTimerDue = timeout > 0 && Clock() - begun >= timeout - 1;
        if (isTimerDue || !MayGather(count))
            return count;
        _sleep.Pause();
        var more = _sleep.Wait(_epoll.Number, _events.AsSpan(count), 0);
        _gathering.OnWaited(count, more);
        return count + more;
    }

    /// <summary>Whether the events that it was woken for are few, and none of them is urgent.</summary>
    private bool MayGather(int count)
    {
        if (count is 0 or >= Gathering.Enough)
            return false;
        for (var i = 0; i < count; i++)
        {
            if (_sources[(int)(uint)_events[i].Data] is { MayWait: false })
                return false;
        }

        return true;
    }

    private void SendDeferred()
    {
        _dispatches = _defers = false;
        foreach (var flush in _deferred)
            Dispatch(flush); // What one throws must not keep the others from being sent.
        _deferred.Clear();
    }

    private void RunYielded()
    {
        // Those that yield again meanwhile, and those beyond the bound, are for later turns.
        for (var left = Math.Min(_yielded.Count, MaxYielded); left > 0; left--)
            Dispatch(_yielded.Dequeue());
    }

    private void Dispatch(EpollSource source, EpollEvents events)
    {
        try
        {
            source.OnEvents(events);
        }
        catch (Exception e)
        {
            // The loop's catch-all for events: edges are reported once, so the other sources of the turn must get theirs.
            OnFailure(e);
        }
    }

    private void Dispatch(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            // The loop's catch-all for actions: the others must still run.
            OnFailure(e);
        }
    }

    private void OnFailure(Exception exception)
    {
        Volatile.Write(ref _loopFailures, _loopFailures + 1);
        _onFailure(exception);
    }

    private sealed class WakeSource : EpollSource
    {
        public FileDescriptor Counter { get; } = Epoll.CreateEventCounter();

        // What was posted, and the end.
        public override bool MayWait => false;

        public override void OnEvents(EpollEvents events) => Epoll.Clear(Counter.Number);
    }
}
