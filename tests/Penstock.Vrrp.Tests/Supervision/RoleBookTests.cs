// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Vrrp;
using Penstock.Tests;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Tests.Supervision;

public sealed class RoleBookTests
{
    private readonly RoleBook _book = new(new ManualTimeProvider());

    public RoleBookTests() => _book.Track(["edge"]);

    [Fact]
    public void Report_OfAnotherRole_IsAChangeOnce()
    {
        Take("INSTANCE \"edge\" BACKUP 100").ShouldBe((VrrpRole.Unknown, VrrpRole.Backup));
        Take("INSTANCE \"edge\" BACKUP 100").ShouldBeNull();
        Take("INSTANCE \"edge\" MASTER 100").ShouldBe((VrrpRole.Backup, VrrpRole.Master));
        Take("INSTANCE \"edge\" MASTER_RX_LOWER_PRI 100").ShouldBeNull();
        Take("INSTANCE \"edge\" FAULT 100").ShouldBe((VrrpRole.Master, VrrpRole.Fault));
        Take("INSTANCE \"edge\" STOP 100").ShouldBe((VrrpRole.Fault, VrrpRole.Unknown));

        _book.Roles.ShouldHaveSingleItem().Transitions.Values.Sum().ShouldBe(4);
    }

    [Fact]
    public void Report_OfAGroupOrAnotherInstance_ChangesNothing()
    {
        Take("GROUP \"edge\" MASTER 100").ShouldBeNull();
        Take("INSTANCE \"other\" MASTER 100").ShouldBeNull();

        _book.Of("edge").ShouldBe(VrrpRole.Unknown);
    }

    [Fact]
    public void Instance_ThatIsTrackedNoMore_IsGoneAndTheOthersKeepTheirRoles()
    {
        Take("INSTANCE \"edge\" MASTER 100");
        _book.Track(["edge", "new"]);
        _book.Of("edge").ShouldBe(VrrpRole.Master);

        _book.Track(["new"]);

        _book.Roles.ShouldHaveSingleItem().Instance.ShouldBe("new");
    }

    [Fact]
    public void Role_ThatIsFound_CountsNoTransition()
    {
        _book.Find("edge", VrrpRole.Master).ShouldNotBeNull();

        _book.Roles.ShouldHaveSingleItem().Transitions.ShouldBeEmpty();
        _book.Of("edge").ShouldBe(VrrpRole.Master);
    }

    private (VrrpRole From, VrrpRole To)? Take(string text)
    {
        NotifyLine.TryParse(text, out var line).ShouldBeTrue();
        return _book.Take(line) is { } change ? (change.From, change.Role) : null;
    }
}
