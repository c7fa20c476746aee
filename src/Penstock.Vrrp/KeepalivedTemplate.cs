// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net.Sockets;
using HandlebarsDotNet;
using HandlebarsDotNet.Compiler;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp;

/// <summary>
/// Turns a group's instances into keepalived's configuration. The template is the built-in one, or the operator's; both get the same values, each checked before
/// for what could end a line or a block.
/// </summary>
internal sealed class KeepalivedTemplate
{
    private const string BuiltIn = "Penstock.Vrrp.Templates.keepalived.conf";
    private const int TemplateBytes = 1 << 20;

    private readonly HandlebarsTemplate<object, object> _template;
    private readonly string _name;

    private KeepalivedTemplate(string text, string name)
    {
        _name = name;
        try
        {
            _template = Handlebars.Create(new HandlebarsConfiguration { NoEscape = true, ThrowOnUnresolvedBindingExpression = true }).Compile(text);
        }
        catch (HandlebarsException error)
        {
            throw new VrrpApplyException($"{name}: {error.Message}", error);
        }
    }

    /// <summary>The template in a file; the built-in one where there is no such file.</summary>
    /// <exception cref="VrrpApplyException">It can't be read, or is none.</exception>
    public static KeepalivedTemplate Load(string path)
    {
        try
        {
            if (!File.Exists(path))
                return new KeepalivedTemplate(ReadBuiltIn(), "the built-in template");
            return new FileInfo(path).Length <= TemplateBytes
                ? new KeepalivedTemplate(File.ReadAllText(path), path)
                : throw new VrrpApplyException($"{path}: a template of more than 1 MiB");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new VrrpApplyException($"{path}: {error.Message}", error);
        }
    }

    /// <summary>The text for one group.</summary>
    /// <exception cref="VrrpApplyException">The template asks for what there is not.</exception>
    public string Render(string node, KeepalivedFolder folder, IReadOnlyList<VrrpInstanceConfig> instances)
    {
        try
        {
            return _template(new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["node"] = node,
                ["user"] = Environment.UserName, // keepalived runs as the same one
                ["group"] = folder.Group,
                ["is_group"] = instances.Count > 1,
                ["notify_fifo"] = folder.NotifyFifo,
                ["lease"] = folder.LeaseFile,
                ["instances"] = instances.Select(instance => Values(instance, folder)).ToArray(),
            });
        }
        catch (Exception error) when (error is HandlebarsException or HandlebarsUndefinedBindingException)
        {
            throw new VrrpApplyException($"{_name}: {error.Message}", error);
        }
    }

    private static string ReadBuiltIn()
    {
        using var reader = new StreamReader(typeof(KeepalivedTemplate).Assembly.GetManifestResourceStream(BuiltIn)!); // it is in this assembly
        return reader.ReadToEnd();
    }

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
