// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Discovery.Kubernetes;

/// <summary>One Service of one Kubernetes cluster: the watches that its endpoints need, and the endpoints that come of them. What was there before the first lists stays until then.</summary>
internal sealed class ApiCluster : IAsyncDisposable
{
    private readonly KubernetesDiscoveryConfig _config;
    private readonly Action _changed;
    private readonly KubernetesLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly KubernetesMeter _meter;
    private readonly ApiClient _client;
    private readonly EndpointForm _form;
    private readonly IEndpointTable _table;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<WatchState> _states = [];
    private readonly List<Func<CancellationToken, Task>> _loops = [];
    private readonly long _made;
    private Task _running = Task.CompletedTask;
    private ImmutableArray<Endpoint> _endpoints;
    private TimeSpan _restoredAge;
    private string? _trouble;
    private bool _isLive;

    /// <summary>One that asks nothing yet.</summary>
    /// <param name="config">The source.</param>
    /// <param name="read">Reads what its API server is reached by.</param>
    /// <param name="changed">Called when endpoints may have changed, from any thread.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    /// <param name="meter">Counts.</param>
    /// <param name="isUdp">Whether its ports are those of UDP; else of TCP.</param>
    public ApiCluster(KubernetesDiscoveryConfig config, Func<KubernetesAccess> read, Action changed, KubernetesLimits limits, TimeProvider time, ILogger logger, KubernetesMeter meter, bool isUdp = false)
    {
        (_config, _changed, _limits, _time, _logger, _meter) = (config, changed, limits, time, logger, meter);
        _made = time.GetTimestamp();
        _client = new ApiClient(read, limits);
        _form = new EndpointForm(config, isUdp);
        var names = config.Service.Split('/');
        if (config.Via == KubernetesVia.Pods)
        {
            _table = new PodTable(config.Port, _form, limits.Endpoints);
        }
        else
        {
            var nodes = new NodeTable(config.Port, config.Via == KubernetesVia.ExternalNodes, _form);
            _table = nodes;
            Add(Resources.Service(names[0], names[1]), new ServiceView(nodes, names[1], _gate, Publish));
            Add(Resources.Nodes(), new NodeView(nodes, _gate, Publish));
        }

        Add(Resources.Slices(names[0], names[1]), new SliceView(_table, limits.Endpoints, _gate, Publish));
    }

    /// <summary>The source.</summary>
    public KubernetesDiscoveryConfig Config => _config;

    /// <summary>Makes its endpoints.</summary>
    public EndpointForm Form => _form;

    /// <summary>Its endpoints of both families; default: none are known, not even that there are none.</summary>
    public ImmutableArray<Endpoint> Endpoints
    {
        get
        {
            lock (_gate)
                return _endpoints;
        }
    }

    /// <summary>Whether the API server has said all that the endpoints need, since this was made.</summary>
    public bool IsLive
    {
        get
        {
            lock (_gate)
                return _isLive;
        }
    }

    /// <summary>Time since its endpoints were last confirmed, of all that they need the longest.</summary>
    public TimeSpan Age
    {
        get
        {
            lock (_gate)
                return _isLive ? _states.Max(state => state.Age) : _restoredAge + _time.GetElapsedTime(_made);
        }
    }

    /// <summary>What asks for attention; null: nothing.</summary>
    public string? Warning
    {
        get
        {
            lock (_gate)
            {
                foreach (var state in _states)
                {
                    if (state.Trouble is { } trouble)
                        return $"{_config.Service}{Where}: {trouble.Text}, for {trouble.Since.TotalSeconds:0} s; {Known()}";
                }

                return _trouble is null ? null : $"{_config.Service}{Where}: {_trouble}";
            }
        }
    }

    private string Where => _config.Kubeconfig is { } path ? $" by {path}" : "";

    /// <summary>What its configuration takes of endpoints.</summary>
    public ImmutableArray<Endpoint> Used(ImmutableArray<Endpoint> endpoints) => EndpointFamilies.Of(endpoints, _config.Family);

    /// <summary>Has endpoints that were good before, until the API server says more.</summary>
    /// <param name="endpoints">The endpoints.</param>
    /// <param name="age">Time since they were confirmed.</param>
    public void Restore(ImmutableArray<Endpoint> endpoints, TimeSpan age)
    {
        lock (_gate)
        {
            if (!_isLive)
                (_endpoints, _restoredAge) = (endpoints, age);
        }
    }

    /// <summary>Begins.</summary>
    public void Start() => _running = Task.WhenAll(_loops.Select(loop => Task.Run(() => loop(_stop.Token))));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _client.Dispose();
        _stop.Dispose();
    }

    private void Add<T>(Resource<T> resource, IResourceView<T> view)
        where T : ApiObject
    {
        var state = new WatchState(_time);
        _states.Add(state);
        _loops.Add(new ResourceWatch<T>(resource, _client, view, state, _limits, _time, _logger, _meter).RunAsync);
    }

    private void Publish()
    {
        lock (_gate)
        {
            _isLive = _isLive || _states.TrueForAll(state => state.IsListed);
            if (!_isLive)
                return;
            _endpoints = _table.Build();
            var trouble = _table.Trouble ?? (!_endpoints.IsEmpty && Used(_endpoints).IsEmpty ? $"none of the {_endpoints.Length} endpoints is of the family that is asked for" : null);
            if (trouble is not null && _trouble is null)
                _logger.LogWarning("{Cluster}: {Service}: {Reason}", _meter.Cluster, _config.Service, trouble);
            _trouble = trouble;
        }

        _changed();
    }

    private string Known()
    {
        if (_endpoints.IsDefault)
            return "no endpoints are known";
        var age = _isLive ? _states.Max(state => state.Age) : _restoredAge + _time.GetElapsedTime(_made);
        return $"its {Used(_endpoints).Length} endpoints of {age.TotalSeconds:0} s ago are used";
    }
}
