// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>How a watch of one kind of object stands. Its loop writes it, any thread reads it.</summary>
/// <param name="time">Clock.</param>
internal sealed class WatchState(TimeProvider time)
{
    private readonly Lock _gate = new();
    private long _confirmed = time.GetTimestamp();
    private long _failedSince;
    private string? _trouble;

    /// <summary>Whether there has been a list.</summary>
    public bool IsListed { get; private set; }

    /// <summary>Time since the server last confirmed what is known; since the watch was made when it never did.</summary>
    public TimeSpan Age
    {
        get
        {
            lock (_gate)
                return time.GetElapsedTime(_confirmed);
        }
    }

    /// <summary>What is wrong, and since when; null: nothing.</summary>
    public (string Text, TimeSpan Since)? Trouble
    {
        get
        {
            lock (_gate)
                return _trouble is null ? null : (_trouble, time.GetElapsedTime(_failedSince));
        }
    }

    /// <summary>The server has confirmed what is known.</summary>
    /// <param name="byList">Whether by a list.</param>
    /// <returns>Whether that ends a trouble.</returns>
    public bool Confirm(bool byList)
    {
        lock (_gate)
        {
            IsListed |= byList;
            _confirmed = time.GetTimestamp();
            var hadTrouble = _trouble is not null;
            _trouble = null;
            return hadTrouble;
        }
    }

    /// <summary>Something went wrong.</summary>
    /// <returns>Whether nothing was wrong before.</returns>
    public bool Fail(string trouble)
    {
        lock (_gate)
        {
            var isNew = _trouble is null;
            if (isNew)
                _failedSince = time.GetTimestamp();
            _trouble = trouble;
            return isNew;
        }
    }
}
