// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Bpf;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>What is compiled into the program: where it differs, the program is loaded anew.</summary>
internal static class XdpSettings
{
    // Looks for flows that a CPU does not know, where the configuration has no cap: with a microsecond or so for each, a flood takes a tenth of the CPU for them.
    private const uint Searches = 100_000;

    /// <summary>Those of a configuration and its plan.</summary>
    public static Layout.Settings Of(L4Config config, PlannedService[] plan)
    {
        var features = Layout.Features.Fragments;
        if (BpfKernel.Has(BpfFunction.XdpGetBuffLen))
            features |= Layout.Features.Jumbo;
        if (BpfKernel.Has(BpfFunction.XdpLoadBytes))
            features |= Layout.Features.Capture;
        if (NeedsFib(plan))
            features |= Layout.Features.Fib;
        if (plan.Any(service => service.Value.Flags.HasFlag(Layout.ServiceFlags.Nat)))
            features |= Layout.Features.Nat;
        if (plan.Any(service => service.Value.Flags.HasFlag(Layout.ServiceFlags.SynCookies)))
            features |= Layout.Features.SynCookies;
        return new Layout.Settings
        {
            HashSeed = (ulong)config.HashSeed,
            Features = features,
            FlowSets = XdpSizes.FlowSets(config),
            Cpus = (uint)BpfCpus.Possible,
            NewFlowsPerSecond = (uint)config.NewFlowsPerCpu,
            ServiceLines = XdpSizes.ServiceLines(plan),
            RepliesPerSecond = (uint)config.RepliesPerCpu,
            NatPortFirst = (ushort)config.Nat.Ports.First,
            NatPortLast = (ushort)config.Nat.Ports.Last,
            NatTcpTimeout = Seconds(config.Nat.TcpTimeout),
            NatOpeningTimeout = Seconds(config.Nat.OpeningTimeout),
            NatUdpTimeout = Seconds(config.Nat.UdpTimeout),
            Tick = BpfClock.Tick,
            SearchesPerSecond = config.NewFlowsPerCpu > 0 ? (uint)config.NewFlowsPerCpu : Searches,
        };
    }

    /// <summary>Whether a program with these settings can do what a plan of the same configuration asks: discovery may find the first backend whose next hop the kernel is to say.</summary>
    public static bool Serve(Layout.Settings settings, IReadOnlyList<PlannedService> plan) =>
        settings.Features.HasFlag(Layout.Features.Fib) || !NeedsFib(plan);

    private static bool NeedsFib(IReadOnlyList<PlannedService> plan) => plan.Any(service => service.Backends.Any(backend => backend.Value.Flags.HasFlag(Layout.BackendFlags.Fib)));

    private static ushort Seconds(TimeSpan time) => (ushort)Math.Ceiling(time.TotalSeconds);
}
