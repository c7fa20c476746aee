// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>An instance that comes and goes moves no other, not for a moment: each host's kernel is asked to tell of every address that comes or goes.</summary>
public sealed class VrrpNeighboursTests
{
    private const string Second = "10.8.0.101";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [NetnsFact]
    public async Task Instance_AddedAndRemoved_MovesNoOther()
    {
        await using var lan = await VrrpLan.CreateAsync();
        Configure(lan, 0, hasSecond: false);
        Configure(lan, 1, hasSecond: false);
        await lan.StartDaemonAsync(0);
        await lan.OwnerAsync(0);
        await lan.StartDaemonAsync(1);
        await lan.RoleAsync(1, "BACKUP");
        await lan.RoleAsync(0, "MASTER");
        ChildProcess[] told = [await lan.RecordAddressesAsync(0), await lan.RecordAddressesAsync(1)];

        foreach (var first in (int[])[0, 1])
        {
            foreach (var host in (int[])[first, 1 - first])
            {
                Configure(lan, host, hasSecond: true);
                await lan.ReloadAsync(host);
                await lan.RoleAsync(0, "MASTER");
                await lan.RoleAsync(1, "BACKUP");
            }

            await lan.RoleAsync(1, "BACKUP", "second");
            await Eventually.TrueAsync(async () => await lan.HasAsync(0, Second) && !await lan.HasAsync(1, Second), s_patience, () => lan.StatusAsync(0).Result);

            foreach (var host in (int[])[first, 1 - first])
            {
                Configure(lan, host, hasSecond: false);
                await lan.ReloadAsync(host);
                await lan.RoleAsync(0, "MASTER");
                await lan.RoleAsync(1, "BACKUP");
            }

            await Eventually.TrueAsync(async () => !await lan.HasAsync(0, Second) && !await lan.HasAsync(1, Second), s_patience, () => lan.StatusAsync(0).Result);
        }

        for (var host = 0; host < told.Length; host++)
        {
            await lan.MarkAsync(host, told[host], "10.9.9.9");
            told[host].Output.ShouldNotContain(VrrpLan.Vip + "/", customMessage: $"host {host}:\n{told[host].Output}");
            told[host].Output.ShouldNotContain(VrrpLan.Vip6 + "/", customMessage: $"host {host}:\n{told[host].Output}");
            told[host].Output.ShouldNotContain("169.254.0.50/", customMessage: $"host {host}, by which they know each other:\n{told[host].Output}");
        }

        told[0].Output.ShouldContain(Second + "/", customMessage: "it is told of what comes and goes");
    }

    private static void Configure(VrrpLan lan, int host, bool hasSecond)
    {
        var own = $"interface: eth0, priority: {(host == 0 ? 150 : 100)}, advert_interval: 1s"; // three of them are longer than this machine stands still
        lan.Configure(
            host,
            $"{{name: edge, router_id: 50, addresses: [{VrrpLan.Vip}/24, \"{VrrpLan.Vip6}/64\"], {own}}}" + (hasSecond ? $", {{name: second, router_id: 51, addresses: [{Second}/24], {own}}}" : ""));
    }
}
