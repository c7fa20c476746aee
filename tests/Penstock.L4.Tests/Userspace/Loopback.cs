// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.L4.Userspace;
using Penstock.Linux;
using Penstock.Linux.Relays;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Userspace;

/// <summary>An engine with services at an address of 127.0.0.0/8 that no other test has, and what a test asks of it.</summary>
internal sealed class Loopback : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    public const int Port = 8080;

    private static int s_next = Random.Shared.Next(1 << 20) << 2;

    private readonly List<IDisposable> _open = [];
    private int _hosts;

    /// <summary>An engine without services.</summary>
    /// <param name="reactors">Threads of the engine; 0: one for each core.</param>
    /// <param name="descriptors">What it may open; null: what the process may.</param>
    /// <param name="pipes">Whether it has pipes.</param>
    public Loopback(int reactors = 0, DescriptorShares? descriptors = null, bool pipes = true)
    {
        Reactors = reactors;
        Prefix = Interlocked.Add(ref s_next, 8) & 0x7FFFF8;
        Vip = Address(0);
        Own(Engine = new UserspaceEngine(NullLoggerFactory.Instance, TimeProvider.System, descriptors ?? DescriptorShares.OfProcess(), ListenerStore.None(), (index, connections, datagrams, logger) => pipes
            ? new RelayWorker(index, connections, datagrams, logger)
            : new RelayWorker(index, connections, datagrams, logger) { Pipes = new PipePool(new DescriptorShares(0, 0).Add(), kept: 0) }));
    }

    public UserspaceEngine Engine { get; }

    public IPAddress Vip { get; }

    public IPEndPoint At => new(Vip, Port);

    public NatConfig Nat { get; init; } = new();

    public UserspaceConfig Userspace { get; init; } = new();

    private int Reactors { get; }

    private int Prefix { get; }

    /// <summary>An address for a server.</summary>
    public IPAddress NewAddress() => Address(Interlocked.Increment(ref _hosts) is var host && host < 8 ? host : throw new InvalidOperationException("eight addresses a test"));

    public T Own<T>(T disposable)
        where T : IDisposable
    {
        lock (_open)
            _open.Add(disposable);
        return disposable;
    }

    /// <summary>A service at the VIP.</summary>
    public ServiceConfig Service(string name = "s", TransportProtocol protocol = TransportProtocol.Tcp, int port = Port, params BackendConfig[] backends) => new()
    {
        Name = name,
        Listen = new ServiceAddress(protocol, Vip, port, port),
        Forwarding = Forwarding.Nat,
        Backends = [.. backends],
        TableSize = 251,
    };

    public static BackendStatus Ready(IPEndPoint at, EndpointState state = EndpointState.Ready) => new(new BackendConfig { Address = at.Address, Port = at.Port }, state);

    /// <summary>Applies services with their backends.</summary>
    public void Apply(params (ServiceConfig Service, BackendStatus[] Backends)[] services) => Engine.Apply(Snapshot(services));

    /// <summary>Applies one TCP service.</summary>
    public void Apply(params BackendStatus[] backends) => Apply((Service(), backends));

    public Snapshot Snapshot(params (ServiceConfig Service, BackendStatus[] Backends)[] services) =>
        new(1, new ApplianceConfig { Node = "lb", L7 = new() { Reactors = Reactors }, L4 = new L4Config { Engine = L4Engine.Userspace, Nat = Nat, Userspace = Userspace, Services = [.. services.Select(one => one.Service)] } }, ImmutableDictionary<string, ClusterEndpoints>.Empty)
        {
            Services = services.ToImmutableDictionary(one => one.Service.Name, one => one.Backends.ToImmutableArray(), StringComparer.Ordinal),
        };

    /// <summary>A connection to the VIP.</summary>
    public async Task<Socket> ConnectAsync(int port = Port)
    {
        var socket = Own(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        await socket.ConnectAsync(Vip, port).WaitAsync(Patience);
        return socket;
    }

    /// <summary>Counters of a backend.</summary>
    public BackendCounters Counters(IPEndPoint backend, string service = "s") =>
        Engine.Status().Services.Single(one => one.Name == service).Backends.Single(one => one.Address == backend.ToString());

    public static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!condition())
            await Task.Delay(10, limit.Token);
    }

    public void Dispose()
    {
        lock (_open)
        {
            foreach (var one in Enumerable.Reverse(_open))
                one.Dispose();
        }
    }

    // 127.128.0.0/9
    private IPAddress Address(int host)
    {
        var number = 0x7F80_0000u | (uint)(Prefix + host);
        return new IPAddress([(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number]);
    }
}
