// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Penstock.Discovery.Kubernetes;

/// <summary>
/// Keeps the objects of one kind up to date: a list, then a watch from its version on, which goes on where it ended or was cut. Where the server ends it with an error, of whatever code, refuses
/// that version, or says what makes no sense, it lists anew; and so it does from time to time without a cause. What is known stays until the next whole list, whatever happens in between.
/// </summary>
/// <param name="resource">Which objects.</param>
/// <param name="client">Asks the API server.</param>
/// <param name="view">Takes them.</param>
/// <param name="state">Takes how it stands.</param>
/// <param name="limits">Bounds.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
/// <param name="meter">Counts.</param>
internal sealed class ResourceWatch<T>(
    Resource<T> resource, ApiClient client, IResourceView<T> view, WatchState state, KubernetesLimits limits, TimeProvider time, ILogger logger, KubernetesMeter meter)
    where T : ApiObject
{
    private const double RelistJitter = 0.2;

    private readonly Backoff _backoff = new(limits.FirstRetry, limits.LastRetry, Random.Shared.NextDouble);
    private readonly Dictionary<string, int> _known = new(StringComparer.Ordinal); // by their names: endpoints in each
    private string _path = resource.Paths[0];
    private long _parts;
    private string? _version; // null: a list is due
    private long _listedAt;
    private TimeSpan _listAfter; // time from then on after which a list is due all the same
    private bool _isDue;

    /// <summary>Runs until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var isListing = _version is null || _isDue;
            try
            {
                if (isListing)
                    await ListAsync(stop);
                else if (!await WatchAsync(_version!, stop)) // not null, or a list would be due
                    await WaitAsync(stop);
            }
            catch (Exception error)
            {
                // The loop's catch-all: whatever goes wrong in one attempt, the next one comes.
                if (stop.IsCancellationRequested)
                    return;
                Take(ApiException.Of(error, limits.Answer), isListing);
                if (isListing)
                    Postpone(limits.Watch); // where a version is left to go on from: one that watches knows more than one that can't list
                await WaitAsync(stop);
            }

            _isDue = !isListing && time.GetElapsedTime(_listedAt) >= _listAfter;
        }
    }

    private void Postpone(TimeSpan listAfter) => (_listedAt, _listAfter) = (time.GetTimestamp(), listAfter);

    private async Task WaitAsync(CancellationToken stop) =>
        await Task.Delay(_backoff.Next(), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private void Take(ApiException error, bool isListing)
    {
        meter.Count(resource.Kind, isListing, error.Fault);
        if (error.Fault is ApiFault.Expired or ApiFault.NotFound or ApiFault.Unusable)
            _version = null;

        // Servers forget old versions in the normal course of things.
        if (error.Fault == ApiFault.Expired && !isListing)
        {
            logger.LogDebug("{Cluster}: {Kind} are listed anew: {Reason}", meter.Cluster, resource.Kind, error.Message);
            return;
        }

        if (state.Fail($"{resource.Kind} can't be {(isListing ? "listed" : "watched")}: {error.Message}"))
            logger.LogWarning("{Cluster}: {Kind} can't be {Verb} at the API server: {Reason}; what is known of them is used", meter.Cluster, resource.Kind, isListing ? "listed" : "watched", error.Message);
    }

    private void Confirm(bool byList)
    {
        if (state.Confirm(byList))
            logger.LogInformation("{Cluster}: the API server answers for {Kind} again", meter.Cluster, resource.Kind);
    }

    private async Task ListAsync(CancellationToken stop)
    {
        List<T> items;
        try
        {
            (items, _version) = await ListPagesAsync(limits.PageObjects, stop);
        }
        catch (ApiException error) when (error.Fault == ApiFault.Expired)
        {
            // Pages are of one version, which was forgotten before the last: all in one page, as client-go does then.
            (items, _version) = await ListPagesAsync(pageObjects: 0, stop);
        }

        try
        {
            view.Replace(items);
        }
        catch (InvalidDataException)
        {
            _version = null;
            throw;
        }

        _known.Clear();
        _parts = 0;
        foreach (var item in items)
            Count(item.Name, item.Parts);
        Postpone(limits.Relist * (1 - (RelistJitter * Random.Shared.NextDouble())));
        Confirm(byList: true);
        meter.Count(resource.Kind, isList: true, fault: null);
        view.Publish();
    }

    private async Task<(List<T> Items, string Version)> ListPagesAsync(int pageObjects, CancellationToken stop)
    {
        var page = await FirstPageAsync(pageObjects, stop);
        var items = page.Items;
        var parts = items.Sum(item => (long)item.Parts);
        Check(items.Count, parts);
        for (var pages = 1; page.Continue.Length > 0; pages++)
        {
            if (pages > limits.Objects)
                throw new InvalidDataException($"a list of more than {limits.Objects} pages");
            page = await PageAsync(_path, pageObjects, page.Continue, stop);
            items.AddRange(page.Items);
            parts += page.Items.Sum(item => (long)item.Parts);
            Check(items.Count, parts);
        }

        return (items, page.Version);
    }

    // Of the versions of the API the newest that the server has.
    private async Task<ListPage<T>> FirstPageAsync(int pageObjects, CancellationToken stop)
    {
        foreach (var path in resource.Paths)
        {
            try
            {
                var page = await PageAsync(path, pageObjects, next: "", stop);
                _path = path;
                return page;
            }
            catch (ApiException error) when (error.Fault == ApiFault.NotFound)
            {
                // The next one.
            }
        }

        throw new ApiException(ApiFault.NotFound, $"the server has no {string.Join(" and no ", resource.Paths)}");
    }

    // Page by page and event by event: a server that never ends its list, or adds for hours, would fill the memory.
    private void Check(int objects, long parts)
    {
        if (objects > limits.Objects)
            throw new InvalidDataException($"more than {limits.Objects} {resource.Kind}");
        if (parts > limits.Endpoints)
            throw new InvalidDataException($"more than {limits.Endpoints} endpoints");
    }

    // Parts: null where the object is gone.
    private void Count(string name, int? parts)
    {
        if (_known.Remove(name, out var before))
            _parts -= before;
        if (parts is not { } now)
            return;
        _known.Add(name, now);
        _parts += now;
        Check(_known.Count, _parts);
    }

    private async Task<ListPage<T>> PageAsync(string path, int pageObjects, string next, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(limits.Answer, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        var query = string.Join('&', new[] { resource.Selector, pageObjects > 0 ? $"limit={pageObjects}" : "", next.Length > 0 ? $"continue={Uri.EscapeDataString(next)}" : "" }.Where(part => part.Length > 0));
        using var response = await client.GetAsync(query.Length > 0 ? $"{path}?{query}" : path, both.Token);
        try
        {
            await response.Content.LoadIntoBufferAsync(limits.PageBytes, both.Token);
        }
        catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new InvalidDataException($"a list of more than {limits.PageBytes >> 20} MiB", error);
        }

        return ListPage<T>.Read(await response.Content.ReadAsByteArrayAsync(both.Token), resource.Parse);
    }

    /// <summary>Watches until the server ends it.</summary>
    /// <returns>Whether the next one may begin at once; false: this one was short, and even shorter if it said something, so that no server has the client ask without a pause.</returns>
    private async Task<bool> WatchAsync(string version, CancellationToken stop)
    {
        var seconds = (int)Math.Ceiling(limits.Watch.TotalSeconds * (1 + Random.Shared.NextDouble()));
        using var patience = new CancellationTokenSource(limits.Answer, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        var selector = resource.Selector.Length > 0 ? resource.Selector + "&" : "";
        using var response = await client.GetAsync($"{_path}?{selector}watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={Uri.EscapeDataString(version)}", both.Token);
        var began = time.GetTimestamp();
        patience.CancelAfter(TimeSpan.FromSeconds(seconds) + limits.WatchGrace);
        Confirm(byList: false);
        meter.Count(resource.Kind, isList: false, fault: null);
        var hasSaid = false;
        await using var stream = await response.Content.ReadAsStreamAsync(both.Token);
        var lines = new EventLines(stream, limits.EventBytes);
        do
        {
            var isNew = false;
            try
            {
                while (lines.TryTake(out var line))
                {
                    Apply(WatchEvent<T>.Read(line.Span, resource.Parse));
                    hasSaid = isNew = true;
                }
            }
            catch when (isNew)
            {
                view.Publish(); // what was said before the error counts, even if no list comes for long
                throw;
            }

            if (isNew)
            {
                _backoff.Reset();
                Confirm(byList: false);
                view.Publish();
            }
        }
        while (await FillAsync(lines, seconds, stop, both.Token));
        if (lines.HasRest)
            throw new ApiException(ApiFault.Unavailable, "the connection ended within an event");
        if (time.GetElapsedTime(began) <= (hasSaid ? limits.FirstRetry : limits.LastRetry))
            return false;
        _backoff.Reset();
        return true;
    }

    private static async Task<bool> FillAsync(EventLines lines, int seconds, CancellationToken stop, CancellationToken both)
    {
        try
        {
            return await lines.FillAsync(both);
        }
        catch (OperationCanceledException error) when (!stop.IsCancellationRequested)
        {
            throw new ApiException(ApiFault.Unavailable, $"it does not end a watch that was to end after {seconds} s", error);
        }
    }

    private void Apply(WatchEvent<T> said)
    {
        meter.Count(resource.Kind, said.Type);
        if (said is { Type: WatchEventType.Error, Status: { } status })
        {
            var isExpired = status.Code == 410; // Gone
            _version = null; // whatever the code: 500 may be etcd's word for a version that it has no longer, 504 that for one that it does not have yet
            throw new ApiException(isExpired ? ApiFault.Expired : ApiFault.Unavailable, $"the watch was ended with {status.Code}: {status.Message}");
        }

        if (said.Version.Length == 0)
            throw new InvalidDataException("an event without a version");
        if (ulong.TryParse(said.Version, NumberStyles.None, CultureInfo.InvariantCulture, out var now) && ulong.TryParse(_version, NumberStyles.None, CultureInfo.InvariantCulture, out var before) && now < before)
            throw new InvalidDataException($"an event of version {now} behind one of version {before}");
        if (said is { Type: WatchEventType.Changed, Object: { } changed })
        {
            Count(changed.Name, changed.Parts);
            view.Put(changed);
        }
        else if (said is { Type: WatchEventType.Deleted, Object: { } deleted })
        {
            Count(deleted.Name, parts: null);
            view.Remove(deleted.Name);
        }

        _version = said.Version;
    }
}
