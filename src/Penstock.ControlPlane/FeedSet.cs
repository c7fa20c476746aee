// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Discovery;

namespace Penstock.ControlPlane;

/// <summary>
/// The feeds that run, over reloads: one that serves the new configuration as well goes on; one whose settings have changed goes on until the one in its place has an answer, so that no cluster is
/// empty in between. For the control loop alone.
/// </summary>
/// <param name="discover">Makes a source.</param>
/// <param name="changed">Called from any thread when something was found.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
internal sealed class FeedSet(Func<DiscoveryTarget, Action<ClusterEndpointsFound>, IDiscoverySource> discover, Action changed, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private readonly List<ClusterFeed> _leaving = [];
    private volatile Dictionary<string, ClusterFeed> _running = new(StringComparer.Ordinal);

    /// <summary>Those that run, by the names of what they are of.</summary>
    public IReadOnlyDictionary<string, ClusterFeed> Running => _running;

    /// <summary>Of those that use what another source has found, a line each; for any thread.</summary>
    public IEnumerable<string> Warnings => _running.Values.Select(feed => feed.Warning).OfType<string>().Order(StringComparer.Ordinal);

    /// <summary>The feeds a configuration needs: those that still serve, and new ones, which have been given time for a first answer. Either <see cref="TakeAsync"/> or <see cref="DropAsync"/> is to follow.</summary>
    /// <param name="targets">Clusters and services.</param>
    /// <param name="wait">Time for first answers.</param>
    public async ValueTask<Dictionary<string, ClusterFeed>> PrepareAsync(IEnumerable<DiscoveryTarget> targets, TimeSpan wait)
    {
        var feeds = new Dictionary<string, ClusterFeed>(StringComparer.Ordinal);
        var added = new List<ClusterFeed>();
        foreach (var target in targets)
        {
            var feed = _running.GetValueOrDefault(target.Name);
            if (feed is null || !feed.Serves(target))
            {
                feed = new ClusterFeed(target, feed, discover, changed);
                added.Add(feed);
                feed.Start();
            }

            feeds.Add(target.Name, feed);
        }

        try
        {
            await Task.WhenAll(added.Select(feed => feed.Answered)).WaitAsync(wait, time);
        }
        catch (TimeoutException)
        {
            logger.LogWarning("{Count} clusters or services have no endpoints of their own yet: discovery has not answered within {Seconds} s", added.Count(feed => !feed.Answered.IsCompleted), wait.TotalSeconds);
        }

        return feeds;
    }

    /// <summary>Has feeds run in place of those before, which end as soon as nothing leans on them.</summary>
    public async ValueTask TakeAsync(Dictionary<string, ClusterFeed> feeds)
    {
        _leaving.AddRange(_running.Values.Except(feeds.Values));
        _running = feeds;
        foreach (var feed in feeds.Values)
            feed.Shorten();
        await EndLeavingAsync();
    }

    /// <summary>Ends feeds that were prepared and are not to run after all.</summary>
    public async ValueTask DropAsync(Dictionary<string, ClusterFeed> feeds)
    {
        foreach (var feed in feeds.Values.Except(_running.Values))
            await feed.DisposeAsync();
    }

    /// <summary>Ends those before that nothing leans on any more.</summary>
    public async ValueTask EndLeavingAsync()
    {
        if (_leaving.Count == 0)
            return;
        foreach (var feed in _leaving.Where(feed => !_running.Values.Any(other => other.LeansOn(feed))).ToArray())
        {
            _leaving.Remove(feed);
            await feed.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var feed in _running.Values.Concat(_leaving))
            await feed.DisposeAsync();
    }
}
