// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Penstock.Linux;

namespace Penstock.Vrrp.Supervision;

/// <summary>A thread that looks after a program: when a descriptor says so, four times a second, and when it is given work. It is in the network namespace of the thread that starts it.</summary>
internal sealed class SupervisorThread : IDisposable
{
    // What no descriptor tells (a process that is stopped, one that was started again) is looked for so often.
    private const int LookMilliseconds = 250;

    private readonly ILogger _logger;
    private readonly string _name;
    private readonly FileDescriptor _epoll = Linux.Epoll.Create();
    private readonly FileDescriptor _wake = Linux.Epoll.CreateEventCounter();
    private readonly ConcurrentQueue<(Action Work, TaskCompletionSource Done)> _requests = new();
    private Action _look = () => { };
    private Thread? _thread;
    private volatile bool _isEnding;

    /// <summary>One that does not run yet.</summary>
    /// <param name="name">Its name, for people.</param>
    /// <param name="logger">Log.</param>
    public SupervisorThread(string name, ILogger logger)
    {
        (_name, _logger) = (name, logger);
        _ = Linux.Epoll.Add(_epoll.Number, _wake.Number, EpollEvents.In, 0);
    }

    /// <summary>Gets the descriptors that say when to look.</summary>
    public int Epoll => _epoll.Number;

    /// <summary>Starts it; returns when the first work is done, with its error if it has one.</summary>
    /// <param name="first">The first work.</param>
    /// <param name="look">What is to be done again and again.</param>
    /// <exception cref="IOException">The kernel gives no thread.</exception>
    public void Start(Action first, Action look)
    {
        _look = look;
        var thread = new Thread(Run) { Name = _name, IsBackground = true };
        var done = Post(first);
        try
        {
            thread.Start();
        }
        catch (OutOfMemoryException error) // what .NET makes of pthread_create's EAGAIN too
        {
            throw new IOException($"no thread for {_name}: the limit of tasks is reached, or memory has run out (TasksMax= of systemd, or ulimit -u)", error);
        }

        _thread = thread; // one that has not started can't be waited for
        done.GetAwaiter().GetResult();
    }

    /// <summary>Has work done.</summary>
    /// <exception cref="ObjectDisposedException">It has ended.</exception>
    public Task Post(Action work)
    {
        ObjectDisposedException.ThrowIf(_isEnding, this);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _requests.Enqueue((work, done));
        Linux.Epoll.Signal(_wake.Number);
        return done.Task;
    }

    /// <summary>Ends the thread. What it has looked after is nobody's then.</summary>
    public void Dispose()
    {
        _isEnding = true;
        if (!_wake.IsClosed)
            Linux.Epoll.Signal(_wake.Number);
        _thread?.Join();
        _epoll.Dispose();
        _wake.Dispose();
    }

    private void Run()
    {
        Span<EpollEvent> events = stackalloc EpollEvent[8];
        while (!_isEnding)
        {
            while (_requests.TryDequeue(out var request))
                Do(request.Work, request.Done);
            _ = Linux.Epoll.Wait(_epoll.Number, events, LookMilliseconds);
            Linux.Epoll.Clear(_wake.Number);
            try
            {
                _look();
            }
            catch (Exception error) // the loop goes on: nobody else would look after the program
            {
                _logger.LogError(error, "{Program} could not be looked after", _name);
            }
        }

        while (_requests.TryDequeue(out var late))
            late.Done.SetException(new ObjectDisposedException(nameof(SupervisorThread)));
    }

    private static void Do(Action work, TaskCompletionSource done)
    {
        try
        {
            work();
            done.SetResult();
        }
        catch (Exception error) // the caller's
        {
            done.SetException(error);
        }
    }
}
