// SPDX-License-Identifier: Apache-2.0
using Penstock.Discovery.Kubernetes;

namespace Penstock.Discovery.Tests.Kubernetes;

public sealed class BackoffTests
{
    [Theory]
    [InlineData(0, "1 2 4 8 10 10")]
    [InlineData(0.5, "0.75 1.5 3 6 7.5 7.5")]
    public void Next_FailureAfterFailure_WaitsLongerUpToABound(double random, string expected)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), () => random);

        string.Join(' ', Enumerable.Range(0, 6).Select(_ => backoff.Next().TotalSeconds)).ShouldBe(expected);
    }

    [Fact]
    public void Reset_AfterFailures_BeginsAnew()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), () => 0);
        backoff.Next();
        backoff.Next();

        backoff.Reset();

        backoff.Next().ShouldBe(TimeSpan.FromSeconds(1));
    }
}
