// SPDX-License-Identifier: Apache-2.0
using System.Globalization;

namespace Penstock.Tidy.Tests;

/// <summary>Limits of systemd's units that go together.</summary>
public sealed class UnitFileTests
{
    private const int Others = 1024; // reactors and the threads of .NET

    [Fact]
    public void Daemon_MayHaveAThreadForEachKeepalivedThatItsSocketStarts() =>
        Number("penstock.service", "TasksMax").ShouldBeGreaterThanOrEqualTo(Number("penstock-keepalived.socket", "MaxConnections") + Others);

    [Fact]
    public void Daemon_IsStartedAgainWithoutEnd()
    {
        Number("penstock.service", "StartLimitIntervalSec").ShouldBe(0, "one that can't start at a boot is to serve once its file is mended");
        Repository.Read("systemd/penstock.service").ShouldContain("\nRestart=on-failure\n");
    }

    private static int Number(string unit, string key) =>
        int.Parse(Repository.Read("systemd/" + unit).Split('\n').Single(line => line.StartsWith(key + "=", StringComparison.Ordinal))[(key.Length + 1)..], CultureInfo.InvariantCulture);
}
