// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Linux.Bpf;
using Penstock.Linux.Netlink;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>
/// Health checks by the way of clients' packets: bpf/probe.bpf.c at the qdisc clsact of the interfaces that they leave and come in by, and what it is to make of each
/// check's packets. The programs stay when the daemon ends, and see no packets then; the next daemon puts its own in their place.
/// </summary>
/// <param name="logger">Log.</param>
/// <param name="programs">Compiled programs.</param>
internal sealed class ProbePaths(ILogger logger, ProgramFiles programs) : IDisposable
{
    private const string Name = "probe";

    private readonly Dictionary<uint, Layout.Probe> _written = [];
    private RouteNetlink? _kernel;
    private ProbeAttachments? _attachments;
    private BpfMap? _probes;
    private BpfProgram? _out;
    private BpfProgram? _in;
    private uint _first;

    /// <summary>Has checks go the way that a plan has for packets; none asks for it: takes everything of the kind away.</summary>
    /// <param name="config">The tier.</param>
    /// <param name="plan">Its services.</param>
    /// <param name="ingress">Interfaces that packets come in by.</param>
    /// <exception cref="BpfException">The kernel refuses.</exception>
    /// <exception cref="L4ApplyException">Somebody else's program is in the place of ours.</exception>
    public void Follow(L4Config config, IReadOnlyList<PlannedService> plan, IEnumerable<HostInterface> ingress)
    {
        var wanted = Wanted(config, plan);
        if (_attachments is null)
            programs.Keep(ProgramFile.Beside(config.Program, Name), Name); // a check may come with a reload
        _attachments ??= new ProbeAttachments(new PinTree(config.Pins));
        if (wanted.Count == 0)
        {
            if (_attachments.Clear() is { Count: > 0 } left)
                logger.LogInformation("no health check goes by the data path any more: programs have left {Interfaces}", string.Join(", ", left));
            Unload();
            return;
        }

        if (_probes is null || _first != (uint)config.ProbeMark)
            Load(config);
        Write(wanted);
        var interfaces = ingress.Select(device => device.Index).Concat(wanted.Values.Select(probe => Egress(probe)).Where(index => index > 0)).ToHashSet();
        if (_attachments.Attach(interfaces, _out!, _in!) is { Count: > 0 } names) // Load has set both
            logger.LogInformation("health checks go by the data path on {Interfaces}", string.Join(", ", names));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Unload();
        _kernel?.Dispose();
        _kernel = null;
    }

    /// <summary>What is to become of each check's packets, by its mark.</summary>
    internal static Dictionary<uint, Layout.Probe> Wanted(L4Config config, IReadOnlyList<PlannedService> plan)
    {
        var entries = plan.Where(service => !service.IsTunnel).ToDictionary(service => service.Name, service => service.Backends.ToLookup(backend => backend.Position), StringComparer.Ordinal);
        var wanted = new Dictionary<uint, Layout.Probe>();
        foreach (var (service, backend, mark) in ProbeMarks.Of(config))
        {
            var entry = entries[service.Name][service.Backends.IndexOf(backend)].First();
            var value = entry.Value with { State = default };
            if (entry.IsResolved)
                (value.Flags, value.Mac, value.OwnMac, value.InterfaceIndex) = (value.Flags & ~Layout.BackendFlags.Mac, default, default, 0); // the kernel finds it out for the check, too
            wanted.Add(mark, new Layout.Probe { Service = Layout.Address.Of(service.Listen.Address), Backend = value });
        }

        return wanted;
    }

    private void Load(L4Config config)
    {
        Unload();
        using var opened = programs.Get(ProgramFile.Beside(config.Program, Name), Name).Open();
        opened.SetConstant("first_mark", (uint)config.ProbeMark, ".rodata.settings");
        opened.Load();
        (_probes, _out, _in, _first) = (opened.Map("probes"), opened.Program("probe_out"), opened.Program("probe_in"), (uint)config.ProbeMark);
    }

    private void Unload()
    {
        _written.Clear();
        _probes?.Dispose();
        _out?.Dispose();
        _in?.Dispose();
        (_probes, _out, _in) = (null, null, null);
    }

    private void Write(Dictionary<uint, Layout.Probe> wanted)
    {
        foreach (var mark in _written.Keys.Where(mark => !wanted.ContainsKey(mark)).ToArray())
        {
            _probes!.Delete(mark); // loaded
            _written.Remove(mark);
        }

        foreach (var (mark, probe) in wanted)
        {
            if (_written.TryGetValue(mark, out var known) && known == probe)
                continue;
            _probes!.Update(mark, probe); // loaded
            _written[mark] = probe;
        }
    }

    // The kernel routes a check's packets to the backend's own address; 0: nowhere.
    private int Egress(Layout.Probe probe)
    {
        try
        {
            _kernel ??= new RouteNetlink();
            return _kernel.Route(probe.Backend.Address.ToIPAddress()) is { IsLocal: false } route ? route.InterfaceIndex : 0;
        }
        catch (NetlinkException)
        {
            return 0; // Asked again soon.
        }
    }
}
