// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text.RegularExpressions;
using Penstock.Vm.Tests.Harness;

namespace Penstock.Vm.Tests;

/// <summary>How long engine ipvs takes, in a machine of its own whose clock counts instructions.</summary>
[Collection(OwnMachineCollection.Name)]
public sealed class IpvsSpeedTests
{
    [VmFact]
    public async Task Services_AThousandWithTenBackends_TakeLessThanASecond()
    {
        var folder = Directory.CreateTempSubdirectory("pst-vm-").FullName;
        try
        {
            var backends = string.Join(", ", Enumerable.Range(1, 10).Select(number => $"10.0.1.{number}"));
            await File.WriteAllTextAsync(Path.Combine(folder, "penstock.yaml"), $$"""
                node: lb
                admin: {socket: /run/penstock.sock}
                l4:
                  engine: ipvs
                  services:
                {{string.Join('\n', Enumerable.Range(0, 1000).Select(i => $"    - {{name: s{i}, listen: \"tcp://203.0.113.10:{10000 + i}\", forwarding: nat, backends: [{backends}]}}"))}}
                """);

            var (code, output, errors) = await Machine.RunAsync(
                $$"""
                ip link set lo up
                {{Programs.Penstock}} run --config {{folder}}/penstock.yaml >/run/log 2>&1 & daemon=$!
                {{Path.Combine(Guest.Root, "tests/Penstock.Vm.Tests/lab/lab")}} await bash -c "grep -q 'ready: generation' /run/log || ! kill -0 $daemon"
                cat /run/log
                """,
                "-i", "-t", "1500", "-m", "ip_vs ip_vs_mh"); // the host's time, of which it gets what others leave

            code.ShouldBe(0, errors);
            var applied = Regex.Match(output, "1000 services of IPVS in place after 12000 changes, (?<ms>[0-9.]+) ms", RegexOptions.NonBacktracking);
            applied.Success.ShouldBeTrue(output);
            double.Parse(applied.Groups["ms"].Value, CultureInfo.InvariantCulture).ShouldBeLessThan(1000);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
