// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>Marks of health checks that go by the way of clients' packets: by them a program tells whose check a packet is.</summary>
public static class ProbeMarks
{
    /// <summary>How many there are (PROBE_MARKS of bpf/include/probe.h).</summary>
    public const int Count = 1 << 16;

    /// <summary>Backends that are checked so, in file order, each with its mark.</summary>
    public static IEnumerable<(ServiceConfig Service, BackendConfig Backend, uint Mark)> Of(L4Config config)
    {
        var mark = (uint)config.ProbeMark;
        foreach (var service in config.Services.Where(service => service is { Health: not null, HealthVia: HealthVia.DataPath }))
        {
            foreach (var backend in service.Backends)
                yield return (service, backend, mark++);
        }
    }
}
