// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.ControlPlane.Overrides;
using Penstock.Daemon.Running;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.Daemon.Tests.Running;

public sealed class RemainingTargetsTests
{
    private const string NoEndpoint = "no endpoint of cluster mesh is left that can serve: its requests get 503";
    private const string NoBackend = "no backend of service web is left that can serve: its packets are handled as its empty key says";

    private static readonly BackendConfig s_one = new() { Address = IPAddress.Parse("10.0.0.11") };
    private static readonly BackendConfig s_two = new() { Address = IPAddress.Parse("10.0.0.12") };

    [Fact]
    public void Cluster_AsAWhole_LeavesNothing() =>
        Warning(Running([At(1)]), Said(OverrideKind.Cluster, "mesh", address: null)).ShouldBe(NoEndpoint);

    [Fact]
    public void Endpoint_WithAnotherThatIsReady_LeavesThat() =>
        Warning(Running([At(1), At(2)]), Said(OverrideKind.Endpoint, "mesh", "10.0.0.1:80")).ShouldBeNull();

    [Fact]
    public void Endpoint_WithAnotherThatIsDown_LeavesNothing() =>
        Warning(Running([At(1), At(2) with { State = EndpointState.Down }]), Said(OverrideKind.Endpoint, "mesh", "10.0.0.1:80")).ShouldBe(NoEndpoint);

    [Fact]
    public void Endpoint_WithAnotherThatStandsBy_LeavesThat() =>
        Warning(Running([At(1), At(2) with { State = EndpointState.Drain, Priority = 1 }]), Said(OverrideKind.Endpoint, "mesh", "10.0.0.1:80")).ShouldBeNull();

    [Fact]
    public void Endpoint_WithAnotherThatIsTakenOutBesides_LeavesNothing() =>
        Warning(Running([At(1), At(2)]), Said(OverrideKind.Endpoint, "mesh", "10.0.0.2:80"), Said(OverrideKind.Endpoint, "mesh", "10.0.0.1:80")).ShouldBe(NoEndpoint);

    [Fact]
    public void Cluster_WithAnEndpointThatIsReadyByItself_LeavesThat() =>
        Warning(Running([At(1), At(2)]), Said(OverrideKind.Endpoint, "mesh", "10.0.0.2:80") with { State = BackendState.Ready }, Said(OverrideKind.Cluster, "mesh", address: null)).ShouldBeNull();

    [Fact]
    public void Backend_WithAnotherThatIsReady_LeavesThat() =>
        Warning(Running([]), Said(OverrideKind.Backend, "web", "10.0.0.11")).ShouldBeNull();

    [Fact]
    public void Backend_WithAnotherWithoutWeight_LeavesNothing() =>
        Warning(Running([], s_two with { Weight = 0 }), Said(OverrideKind.Backend, "web", "10.0.0.11")).ShouldBe(NoBackend);

    [Fact]
    public void Service_AsAWhole_LeavesNothing() =>
        Warning(Running([]), Said(OverrideKind.Service, "web", address: null)).ShouldBe(NoBackend);

    private static string? Warning(Snapshot running, params StateOverride[] overrides)
    {
        var last = overrides[^1];
        return RemainingTargets.Warning(new OverrideTarget(last.Kind, last.Name, last.Address, BackendState.Ready), overrides.Aggregate(OverrideSet.None, (all, one) => all.With(one)), running);
    }

    private static StateOverride Said(OverrideKind kind, string name, string? address) => new(kind, name, address, BackendState.Drain, DateTimeOffset.UnixEpoch, By: "", Why: "");

    private static Endpoint At(int last) => new(SocketEndpoint.Ip(IPAddress.Parse($"10.0.0.{last}"), 80), Weight: 1, EndpointState.Ready);

    private static Snapshot Running(ImmutableArray<Endpoint> endpoints, BackendConfig? second = null)
    {
        var service = new ServiceConfig
        {
            Name = "web",
            Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80),
            Forwarding = Forwarding.Nat,
            Backends = [s_one, second ?? s_two],
        };
        return new Snapshot(
            1,
            new ApplianceConfig { Node = "lb", L4 = new L4Config { Services = [service] } },
            ImmutableDictionary<string, ClusterEndpoints>.Empty.Add("mesh", new ClusterEndpoints("mesh", endpoints)))
        {
            Services = ImmutableDictionary<string, ImmutableArray<BackendStatus>>.Empty.Add("web", [.. service.Backends.Select(backend => new BackendStatus(backend, EndpointState.Ready))]),
        };
    }
}
