// SPDX-License-Identifier: Apache-2.0
using FsCheck;
using FsCheck.Fluent;
using Penstock.Linux.Netlink;

namespace Penstock.Linux.Tests.Netlink;

public sealed class NetlinkRepliesTests
{
    private const uint First = 77;

    [Theory]
    [InlineData(Errno.None, "")]
    [InlineData(Errno.ENOENT, "")]
    [InlineData(Errno.ESRCH, "")]
    [InlineData(Errno.EEXIST, "Address already assigned")]
    [InlineData(Errno.EPERM, "no right to")]
    public void Outcome_ErrnoAndWords_AreRead(Errno error, string words)
    {
        foreach (var repeated in (int?[])[null, 0, 3, 20])
        {
            var replies = new NetlinkReplies(First, 1);
            replies.Take(new KernelMessages().Outcome(First, error, words, repeated).Datagram, handler: null);

            replies.IsComplete.ShouldBeTrue();
            replies.Outcomes.ShouldBe([new NetlinkOutcome(error, words, Interrupted: false)]);
        }
    }

    [Fact]
    public void Outcome_OfSeveralRequests_ComesInAnyOrderAndPieces()
    {
        var replies = new NetlinkReplies(uint.MaxValue, 3); // numbers wrap
        replies.Take(new KernelMessages().Outcome(1, Errno.EEXIST).Datagram, handler: null);
        replies.IsComplete.ShouldBeFalse();
        replies.Take(new KernelMessages().Outcome(uint.MaxValue, Errno.None).Outcome(0, Errno.ENOENT, "gone").Datagram, handler: null);

        replies.Outcomes.Select(outcome => outcome.Error).ShouldBe([Errno.None, Errno.ENOENT, Errno.EEXIST]);
        replies.Outcomes[1].ToString().ShouldBe("ENOENT (gone)");
    }

    [Fact]
    public void Message_OfAnotherRequest_IsPassedOver()
    {
        var taken = 0;
        var replies = new NetlinkReplies(First, 1);
        replies.Take(
            new KernelMessages().Add(20, NetlinkFlags.None, First - 1, 1).Outcome(First - 1, Errno.EPERM).Add(20, NetlinkFlags.None, First, 1).Outcome(First, Errno.None).Outcome(First, Errno.EPERM).Datagram,
            (in NetlinkMessage _) => taken++);

        taken.ShouldBe(1);
        replies.Outcomes[0].IsOk.ShouldBeTrue();
    }

    [Fact]
    public void Dump_InManyDatagrams_IsTakenToItsEnd()
    {
        var taken = new List<byte>();
        void Take(in NetlinkMessage message) => taken.Add(message.Payload[0]);
        var replies = new NetlinkReplies(First, 1);

        replies.Take(new KernelMessages().Add(20, NetlinkFlags.Multi, First, 1).Add(NetlinkMessageType.Noop, NetlinkFlags.Multi, First).Add(20, NetlinkFlags.Multi, First, 2).Datagram, Take);
        replies.Take(new KernelMessages().Add(20, NetlinkFlags.Multi, First, 3).Datagram, Take);
        replies.IsComplete.ShouldBeFalse();
        replies.Take(new KernelMessages().Done(First).Datagram, Take);

        taken.ShouldBe([1, 2, 3]);
        replies.Outcomes[0].ShouldBe(new NetlinkOutcome(Errno.None, "", Interrupted: false));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Dump_ObjectsChangeMeanwhile_IsInterrupted(bool atTheEnd)
    {
        var replies = new NetlinkReplies(First, 1);
        replies.Take(
            new KernelMessages().Add(20, NetlinkFlags.Multi | (atTheEnd ? NetlinkFlags.None : NetlinkFlags.DumpInterrupted), First, 1)
                .Done(First, Errno.None, atTheEnd ? NetlinkFlags.DumpInterrupted : NetlinkFlags.None).Datagram,
            (in NetlinkMessage _) => { });

        replies.Outcomes[0].Interrupted.ShouldBeTrue();
    }

    [Fact]
    public void Dump_ThatFails_GivesItsErrno()
    {
        var replies = new NetlinkReplies(First, 1);
        replies.Take(new KernelMessages().Done(First, Errno.ENOMEM).Datagram, handler: null);
        replies.Outcomes[0].Error.ShouldBe(Errno.ENOMEM);
    }

    [Fact]
    public void Messages_Lost_AreAnError()
    {
        var replies = new NetlinkReplies(First, 1);
        replies.Take(new KernelMessages().Add(NetlinkMessageType.Overrun, NetlinkFlags.None, First).Datagram, handler: null);
        replies.Outcomes[0].Error.ShouldBe(Errno.ENOBUFS);
    }

    [Fact]
    public void Datagram_CutAnywhere_IsRefusedOrIncomplete()
    {
        byte[] whole = new KernelMessages().Add(20, NetlinkFlags.Multi, First, 1, 2, 3, 4).Outcome(First, Errno.EEXIST, "words of it").Datagram;
        for (var length = 0; length < whole.Length; length++)
        {
            var replies = new NetlinkReplies(First, 1);
            if (length is 0 or 20)
            {
                replies.Take(whole.AsSpan(0, length), handler: null);
                replies.IsComplete.ShouldBeFalse();
            }
            else
            {
                Should.Throw<NetlinkException>(() => replies.Take(whole.AsSpan(0, length), handler: null)).Error.ShouldBe(Errno.EPROTO);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-5000)]
    public void Outcome_ThatIsNoErrno_IsRefused(int value)
    {
        byte[] datagram = new KernelMessages().Add(NetlinkMessageType.Error, NetlinkFlags.None, First, [.. BitConverter.GetBytes(value), .. new byte[16]]).Datagram;
        Should.Throw<NetlinkException>(() => new NetlinkReplies(First, 1).Take(datagram, handler: null));
    }

    [Fact]
    public void Bytes_AnyWhatever_AreTakenOrRefused() =>
        Prop.ForAll(Damaged.ToArbitrary(), datagram =>
        {
            var replies = new NetlinkReplies(First, 2);
            try
            {
                replies.Take(datagram, (in NetlinkMessage message) => Walk(message.Attributes(4)));
                return !replies.IsComplete || replies.Outcomes.Length == 2;
            }
            catch (NetlinkException refused)
            {
                return refused.Error == Errno.EPROTO;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));

    /// <summary>Good answers with a few bytes changed, cut or not, and bytes that are nothing.</summary>
    private static Gen<byte[]> Damaged =>
        from noise in Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(64)
        from places in Gen.Choose(0, 199).ArrayOf(4)
        from changes in Gen.Choose(0, 4)
        from length in Gen.Choose(0, 400)
        from isNoise in Gen.Elements(false, false, false, true)
        select isNoise ? noise : Damage(noise, places.AsSpan(0, changes), length);

    private static byte[] Damage(byte[] noise, ReadOnlySpan<int> places, int length)
    {
        byte[] good = new KernelMessages()
            .Add(20, NetlinkFlags.Multi, First, [1, 0, 0, 0, 8, 0, 1, 0, 9, 9, 9, 9, 12, 0, 2, 0x80, 8, 0, 1, 0, 5, 5, 5, 5, .. noise.AsSpan(0, noise[0] % 16)])
            .Outcome(First, Errno.EPERM, "words of the kernel")
            .Done(First + 1).Datagram;
        for (var i = 0; i < places.Length; i++)
            good[places[i] % good.Length] = noise[i];
        return good[..Math.Min(length, good.Length)];
    }

    private static void Walk(NetlinkAttributes attributes)
    {
        while (attributes.TryRead(out var attribute))
        {
            attribute.Text().Length.ShouldBeLessThanOrEqualTo(attribute.Value.Length);
            Walk(attribute.Nested());
        }
    }
}
