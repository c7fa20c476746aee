// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Tests;

public sealed class DiscoveryMetricsTests
{
    [Fact]
    public void Sources_TwoOfOneCluster_TheLaterIsShown()
    {
        var metrics = new DiscoveryMetrics();
        var (before, after, other) = (new Source("a", "before"), new Source("a", "after"), new Source("b", "other"));
        metrics.Add(before);
        metrics.Add(other);
        metrics.Add(after);
        metrics.Warnings.ShouldBe(["after", "other"]);

        metrics.Remove(before);
        metrics.Warnings.ShouldBe(["after", "other"]);
        metrics.Remove(after);

        metrics.Warnings.ShouldBe(["other"]);
    }

    private sealed class Source(string cluster, string warning) : IMeasuredSource
    {
        public string Cluster => cluster;

        public TimeSpan Age => TimeSpan.Zero;

        public int EndpointCount => 0;

        public IEnumerable<string> Warnings => [warning];
    }
}
