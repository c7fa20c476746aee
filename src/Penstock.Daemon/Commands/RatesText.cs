// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary>Rates as text, in the manner of <c>ipvsadm -Ln --rate</c>: a service, and its backends behind arrows.</summary>
internal static class RatesText
{
    /// <summary>Writes it.</summary>
    public static void Write(BalancerRates rates, TextWriter output)
    {
        output.WriteLine($"a second, measured for {rates.Seconds} s");
        var services = new TextTable("SERVICE", "LISTEN", "FORWARDING", "STATE", "CPS", "INPPS", "OUTPPS", "INBPS", "OUTBPS", "UNSERVED", "REASON");
        foreach (var service in rates.Services)
        {
            services.Add(service.Name, service.Listen, service.Forwarding, "", Whole(service.Connections), Whole(service.Packets), Whole(service.ReturnPackets), Whole(service.Bytes), Whole(service.ReturnBytes), Whole(service.Unserved), "");
            foreach (var backend in Screenful.Of(service.Backends, one => one.State))
                services.Add("", "  -> " + backend.Address, "", backend.State, Whole(backend.Connections), Whole(backend.Packets), Whole(backend.ReturnPackets), Whole(backend.Bytes), Whole(backend.ReturnBytes), "", backend.Reason);
            if (Screenful.Rest(service.Backends, one => one.State) is { } rest) services.Add("", "  -> " + rest.Count, "", "", "", "", "", "", "", "", rest.Ready);
        }

        services.Write(output);
        if (rates.Drops.Count > 0) output.WriteLine("dropped: " + string.Join(", ", rates.Drops.Select(drop => $"{drop.Key} {drop.Value:0}")));
    }

    /// <summary>A rate as a whole number: a little is not nothing.</summary>
    internal static long Whole(double rate) => (long)Math.Ceiling(rate);
}
