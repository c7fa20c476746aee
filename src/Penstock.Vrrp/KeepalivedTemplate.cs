// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net.Sockets;
using Penstock.Model.Vrrp;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp;

/// <summary>Turns a group's instances into keepalived's configuration.</summary>
internal sealed class KeepalivedTemplate
{
    private readonly ConfigTemplate _template;

    private KeepalivedTemplate(ConfigTemplate template) => _template = template;

    /// <summary>The template in a file; the built-in one where there is no such file.</summary>
    /// <exception cref="AddressApplyException">It can't be read, or is none.</exception>
    public static KeepalivedTemplate Load(string path) => new(ConfigTemplate.Load(path, "keepalived.conf"));

    /// <summary>The text for one group.</summary>
    /// <exception cref="AddressApplyException">The template asks for what there is not, or leaves out what penstock can't do without.</exception>
    public string Render(string node, KeepalivedFolder folder, IReadOnlyList<VrrpInstanceConfig> instances)
    {
        var text = _template.Render(Values(node, folder, instances));
        _template.Require(text, folder.LeaseFile, "lease, without which this host keeps the addresses of a dead daemon");
        _template.Require(text, folder.NotifyFifo, "notify_fifo, by which roles are known");
        foreach (var instance in instances)
            _template.Require(text, folder.HealthFile(instance.Name), $"health of {instance.Name}, by which keepalived learns whether this host is well");
        return text;
    }

    private static Dictionary<string, object?> Values(string node, KeepalivedFolder folder, IReadOnlyList<VrrpInstanceConfig> instances) => new(StringComparer.Ordinal)
    {
        ["node"] = node,
        ["user"] = Environment.UserName, // keepalived runs as the same one
        ["group"] = folder.Group,
        ["is_group"] = instances.Count > 1,
        ["notify_fifo"] = folder.NotifyFifo,
        ["lease"] = folder.LeaseFile,
        ["instances"] = instances.Select(instance => Values(instance, folder)).ToArray(),
    };

    private static Dictionary<string, object?> Values(VrrpInstanceConfig instance, KeepalivedFolder folder)
    {
        return new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["name"] = instance.Name,
            ["health"] = folder.HealthFile(instance.Name),
            ["interface"] = instance.Interface,
            ["router_id"] = Text(instance.RouterId),
            ["priority"] = Text(instance.Priority),
            ["advert_interval"] = Text(instance.AdvertInterval),
            ["use_vmac"] = instance.UseVmac ? instance.Macvlan() : null,
            ["source"] = instance.Source?.ToString(),
            ["source_key"] = instance.Peers.IsEmpty ? "mcast_src_ip" : "unicast_src_ip",
            ["peers"] = instance.Peers.Select(peer => peer.ToString()).ToArray(),
            ["nopreempt"] = !instance.Preempt,
            ["preempt_delay"] = instance.PreemptDelay > TimeSpan.Zero ? Text(instance.PreemptDelay) : null,
            ["announce_repeat"] = Text(instance.Announce.Repeat),
            ["announce_delay"] = Text(instance.Announce.Delay),
            ["announce_refresh"] = instance.Announce.Refresh > TimeSpan.Zero ? Text(instance.Announce.Refresh) : null,
            ["interfaces"] = instance.Track.Interfaces.Select(one => new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["name"] = one.Name,
                ["weight"] = one.Weight > 0 ? Text(one.Weight) : null,
            }).ToArray(),
            ["token"] = instance.Token() + (instance.Family == AddressFamily.InterNetworkV6 ? "" : " scope host"),
            ["addresses"] = instance.Addresses.Select(one => new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["address"] = one.Address.ToString(),
                ["interface"] = one.Interface ?? instance.Interface,
            }).ToArray(),
        };
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(TimeSpan time) => time.TotalSeconds.ToString("0.##", CultureInfo.InvariantCulture);
}
