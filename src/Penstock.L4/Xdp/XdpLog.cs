// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Penstock.Linux;
using Penstock.Linux.Bpf;

namespace Penstock.L4.Xdp;

/// <summary>What the engine says of its host, at the start, and of things that it tries each second: once.</summary>
/// <param name="logger">Log.</param>
internal sealed class XdpLog(ILogger logger)
{
    private readonly Dictionary<string, string> _complaints = new(StringComparer.Ordinal);
    private IReadOnlyList<(string Interface, AddressFamily Family)> _missing = [];

    /// <summary>Fails where the host can't do what the engine is made of, and says what else it lacks.</summary>
    /// <exception cref="L4ApplyException">It can't.</exception>
    public void RequireHost()
    {
        HostNeeds.Require(ProcessRights.Read(), BpfKernel.HasTypes, BpfKernel.Has);
        foreach (var lack in HostNeeds.Lacks(BpfKernel.Has))
            logger.LogWarning("{Lack}", lack);
    }

    /// <summary>Something failed: said once for each reason, until <see cref="Settle"/> of the same.</summary>
    public void Complain(string why, Exception error)
    {
        if (!_complaints.TryGetValue(why, out var before) || before != error.Message)
            logger.LogError("{Why}, services could not be put in place: {Reason}", why, error.Message);
        _complaints[why] = error.Message;
    }

    /// <summary>It works again.</summary>
    public void Settle(string why) => _complaints.Remove(why);

    /// <summary>Says where the kernel has ceased to forward, and where it does again.</summary>
    /// <param name="missing">Where it does not.</param>
    public void Forwarding(IReadOnlyList<(string Interface, AddressFamily Family)> missing)
    {
        foreach (var one in missing.Except(_missing))
            logger.LogWarning("{Reason}", KernelForwarding.Explain(one));
        foreach (var (name, family) in _missing.Except(missing))
            logger.LogInformation("the kernel forwards on {Interface} again ({Family})", name, family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4");
        _missing = missing;
    }

    /// <summary>Says which backends have a way now and which have lost it.</summary>
    public void Faults(PlannedService[] before, PlannedService[] now)
    {
        var known = before.SelectMany(service => service.Backends.Select(backend => (service.Name, backend.Address, backend.Fault))).ToHashSet();
        foreach (var service in now)
        {
            foreach (var backend in service.Backends.Where(backend => backend.IsResolved && !known.Contains((service.Name, backend.Address, backend.Fault))))
            {
                if (backend.Fault.Length > 0)
                    logger.LogWarning("service {Service}: backend {Backend} gets nothing: {Reason}", service.Name, backend.Address, backend.Fault);
                else
                    logger.LogInformation("service {Service}: backend {Backend} is at {Mac}", service.Name, backend.Address, backend.Value.Mac);
            }
        }
    }
}
