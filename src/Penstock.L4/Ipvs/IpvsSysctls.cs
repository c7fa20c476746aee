// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net.Sockets;
using Penstock.Model.L4;

namespace Penstock.L4.Ipvs;

/// <summary>Values under /proc/sys that IPVS goes by: set where the configuration says so, reported where services need others.</summary>
/// <param name="root">Where they are; for tests.</param>
internal sealed class IpvsSysctls(string root = "/proc/sys")
{
    /// <summary>Sets what is configured and differs.</summary>
    /// <exception cref="L4ApplyException">A name is unknown to this kernel, or it refuses the value.</exception>
    public void Apply(IpvsConfig config)
    {
        foreach (var (name, value) in config.Sysctls)
        {
            var path = Path.Combine(root, "net/ipv4/vs", name);
            var text = value.ToString(CultureInfo.InvariantCulture);
            try
            {
                if (!string.Equals(Read(path), text, StringComparison.Ordinal))
                    File.WriteAllText(path, text);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new L4ApplyException($"l4.ipvs.sysctls: net.ipv4.vs.{name} can't be set to {text}: {error.Message}", error);
            }
        }
    }

    /// <summary>What services need and the kernel has otherwise, for people.</summary>
    public IEnumerable<string> Check(L4Config config)
    {
        if (IsZero("net/ipv4/vs/expire_nodest_conn"))
            yield return "net.ipv4.vs.expire_nodest_conn is 0: connections of a backend that is down wait for their timeout in place of moving to others (l4.ipvs.sysctls: {expire_nodest_conn: 1})";
        if (config.Services.Any(service => service.Ipvs?.Persistence is not null) && IsZero("net/ipv4/vs/expire_quiescent_template"))
            yield return "net.ipv4.vs.expire_quiescent_template is 0: clients of a service with persistence keep coming to a backend that is drained (l4.ipvs.sysctls: {expire_quiescent_template: 1})";
        if (config.Services.Any(service => Translates(service, AddressFamily.InterNetwork)) && IsZero("net/ipv4/ip_forward"))
            yield return "net.ipv4.ip_forward is 0: answers of backends with nat do not come through";
        if (config.Services.Any(service => Translates(service, AddressFamily.InterNetworkV6)) && IsZero("net/ipv6/conf/all/forwarding"))
            yield return "net.ipv6.conf.all.forwarding is 0: answers of IPv6 backends with nat do not come through";
    }

    private static bool Translates(ServiceConfig service, AddressFamily family) =>
        service.Forwarding == Forwarding.Nat && service.Listen.Address.AddressFamily == family;

    private static string Read(string path) => File.ReadAllText(path).Trim();

    // What can't be read is not reported: an older kernel does not have it.
    private bool IsZero(string name)
    {
        try
        {
            return string.Equals(Read(Path.Combine(root, name)), "0", StringComparison.Ordinal);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
