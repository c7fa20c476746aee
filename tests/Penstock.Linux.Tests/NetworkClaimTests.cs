// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Tests;

// A child between fork and exec holds a name that its parent has let go: not beside tests that start programs.
[Collection("forking")]
public sealed class NetworkClaimTests
{
    private readonly string _name = $"penstock-test/{Guid.NewGuid():N}";

    [Fact]
    public void TryTake_OfANameThatIsTaken_IsNull_AndTellsWhose_UntilItIsLetGo()
    {
        NetworkClaim.Holder(_name).ShouldBeNull();
        using (var first = NetworkClaim.TryTake(_name))
        {
            first.ShouldNotBeNull();
            NetworkClaim.TryTake(_name).ShouldBeNull();
            NetworkClaim.Holder(_name).ShouldBe((Environment.ProcessId, ProcessRights.User));
            NetworkClaim.Holder(_name).ShouldBe((Environment.ProcessId, ProcessRights.User), "however often it is asked");
            NetworkClaim.IsSeenBy(Environment.ProcessId, _name).ShouldBeTrue();
            NetworkClaim.IsSeenBy(Environment.ProcessId, _name[..^1]).ShouldBeFalse("nobody has that one");
            NetworkClaim.IsSeenBy(int.MaxValue, _name).ShouldBeFalse("there is no such process");
            using var another = NetworkClaim.TryTake(_name + "2");
            another.ShouldNotBeNull();
        }

        NetworkClaim.Holder(_name).ShouldBeNull();
        NetworkClaim.IsSeenBy(Environment.ProcessId, _name).ShouldBeFalse();
        using var second = NetworkClaim.TryTake(_name);
        second.ShouldNotBeNull();
    }
}
