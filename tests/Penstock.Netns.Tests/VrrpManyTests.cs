// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text.RegularExpressions;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>Fifty instances, each with its own keepalived: they start, another comes to them, and all of them move to the other host.</summary>
public sealed class VrrpManyTests
{
    private const int Many = 50;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    [NetnsFact]
    public async Task Instances_Fifty_StartTogether_TakeAnotherOne_AndMove()
    {
        await using var lan = await VrrpLan.CreateAsync();
        Configure(lan, Many);
        var first = lan.Launch(0); // it says more than is kept before it is ready
        await OwnerAsync(lan, 0, Many);
        lan.Launch(1);
        await RolesAsync(lan, 0, "MASTER", Many);
        await RolesAsync(lan, 1, "BACKUP", Many);
        var before = Pids(lan);
        before.Distinct(StringComparer.Ordinal).Count().ShouldBe(Many, "each has its own keepalived");

        Configure(lan, Many + 1);
        await lan.ReloadAsync(1);
        await lan.ReloadAsync(0);
        await OwnerAsync(lan, 0, Many + 1);
        Pids(lan).ShouldBe(before, "the others are as they were");

        first.Signal(15);
        await first.WaitAsync(s_patience);
        await OwnerAsync(lan, 1, Many + 1);
        await RolesAsync(lan, 1, "MASTER", Many + 1);
    }

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"edge{number}");

    private static string Address(int number) => string.Create(CultureInfo.InvariantCulture, $"10.8.0.{100 + number}");

    private static void Configure(VrrpLan lan, int count)
    {
        for (var host = 0; host < lan.Hosts.Length; host++)
        {
            var own = $"interface: eth0, priority: {(host == 0 ? 150 : 100)}, advert_interval: 1s";
            lan.Configure(host, string.Join(", ", Enumerable.Range(1, count).Select(number => $"{{name: {Name(number)}, router_id: {number}, addresses: [{Address(number)}/24], {own}}}")));
        }
    }

    private static Task OwnerAsync(VrrpLan lan, int host, int count) => lan.OwnerAsync(host, s_patience, [.. Enumerable.Range(1, count).Select(Address)]);

    private static Task RolesAsync(VrrpLan lan, int host, string role, int count)
    {
        var said = "";
        return Eventually.TrueAsync(
            async () =>
            {
                (_, said) = await ChildProcess.RunAsync(Topology.Penstock, "status", "--socket", Path.Combine(lan.Folder, $"{host}/admin.sock"));
                return Regex.Count(said, $@"^edge\d+ +{role} ", RegexOptions.Multiline | RegexOptions.NonBacktracking) == count;
            },
            s_patience,
            () => said);
    }

    private static string[] Pids(VrrpLan lan) => [.. Enumerable.Range(1, Many).Select(number => File.ReadAllText(lan.Files(0, Name(number)).PidFile))];
}
