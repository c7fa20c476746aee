// SPDX-License-Identifier: Apache-2.0
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Tests.Supervision;

public sealed class NotifyLineTests
{
    [Theory]
    [InlineData("INSTANCE \"edge\" MASTER 150", false, "edge", NotifyEvent.Master, 150)]
    [InlineData("INSTANCE \"edge\" BACKUP 0", false, "edge", NotifyEvent.Backup, 0)]
    [InlineData("INSTANCE \"a-b.c\" FAULT 255", false, "a-b.c", NotifyEvent.Fault, 255)]
    [InlineData("INSTANCE \"edge\" STOP 150", false, "edge", NotifyEvent.Stop, 150)]
    [InlineData("INSTANCE \"edge\" DELETED 150", false, "edge", NotifyEvent.Deleted, 150)]
    [InlineData("INSTANCE \"edge\" MASTER_RX_LOWER_PRI 150", false, "edge", NotifyEvent.SameRole, 150)]
    [InlineData("INSTANCE \"edge\" BACKUP_PRIORITY 90", false, "edge", NotifyEvent.SameRole, 90)]
    [InlineData("GROUP \"both\" MASTER 150", true, "both", NotifyEvent.Master, 150)]
    internal void Line_OfThatForm_IsRead(string text, bool isGroup, string name, NotifyEvent happened, int priority)
    {
        NotifyLine.TryParse(text, out var line).ShouldBeTrue();

        line.ShouldBe(new NotifyLine(isGroup, name, happened, priority));
    }

    [Theory]
    [InlineData("")]
    [InlineData("INSTANCE")]
    [InlineData("INSTANCE edge MASTER 150")]
    [InlineData("INSTANCE \"edge MASTER 150")]
    [InlineData("INSTANCE \"\" MASTER 150")]
    [InlineData("INSTANCE \"edge\"MASTER 150")]
    [InlineData("INSTANCE \"edge\" MASTER")]
    [InlineData("INSTANCE \"edge\" MASTER ")]
    [InlineData("INSTANCE \"edge\" MASTER 256")]
    [InlineData("INSTANCE \"edge\" MASTER -1")]
    [InlineData("INSTANCE \"edge\" MASTER 150 ")]
    [InlineData("INSTANCE \"edge\" MASTER 150 more")]
    [InlineData("INSTANCE \"edge\" master 150")]
    [InlineData(" INSTANCE \"edge\" MASTER 150")]
    [InlineData("instance \"edge\" MASTER 150")]
    [InlineData("VS [192.0.2.1]:tcp:80 UP")]
    public void Line_OfAnotherForm_IsRefused(string text) => NotifyLine.TryParse(text, out _).ShouldBeFalse();
}
