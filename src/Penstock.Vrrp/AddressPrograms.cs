// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model;
using Penstock.Vrrp.Bgp;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp;

/// <summary>What keepalived and BIRD say of a configuration before anything goes by it: the templates are filled, and the programs themselves judge what comes of them.</summary>
public static class AddressPrograms
{
    /// <summary>Has them judge; those that run are not touched. Takes some milliseconds for each VRRP group. Any user may ask.</summary>
    /// <returns>What is wrong, for people: nothing where a reload will be taken.</returns>
    public static IReadOnlyList<string> Judge(ApplianceConfig config)
    {
        if (config.Vrrp.IsEmpty && config.Bgp is null)
            return [];
        var folder = Directory.CreateTempSubdirectory("penstock-check-"); // for its owner alone: BIRD's text has passwords in it
        try
        {
            var file = Path.Combine(folder.FullName, "candidate");
            return [.. Faults("keepalived", () => JudgeVrrp(config, file)), .. Faults("bird", () => JudgeBgp(config, file))];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void JudgeVrrp(ApplianceConfig config, string file)
    {
        foreach (var group in VrrpGroup.Of(config))
        {
            File.WriteAllText(file, group.Plan.Text);
            ConfigTest.Keepalived(config.Keepalived.Binary, file, group.Name);
        }
    }

    private static void JudgeBgp(ApplianceConfig config, string file)
    {
        if (config.Bgp is not { } bgp)
            return;
        var announced = bgp.Addresses.Select(one => one.Address).ToImmutableHashSet();
        File.WriteAllText(file, BirdTemplate.Load(config.Bird.Template).Render(config.Node, bgp, BgpPasswords.Read(bgp), announced, isLeaving: false));
        ConfigTest.Bird(config.Bird.Binary, file);
    }

    private static IEnumerable<string> Faults(string part, Action judge)
    {
        try
        {
            judge();
            return [];
        }
        catch (Exception error) when (error is AddressApplyException or IOException or UnauthorizedAccessException)
        {
            return [error.Message.StartsWith(part, StringComparison.Ordinal) ? error.Message : $"{part}: {error.Message}"];
        }
    }
}
