// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Discovery.Dns;

namespace Penstock.Discovery.Tests.Dns;

public sealed class DnsCodecTests
{
    private const ushort Id = 0x1234;
    private const string Name = "api.example.com";

    [Fact]
    public void TryWriteQuery_Name_IsAsRfc1035AndRfc6891HaveIt()
    {
        var query = DnsMessages.Query(Id, "a.bc.", DnsRecordType.Aaaa);

        query.ShouldBe(
        [
            0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1,
            1, (byte)'a', 2, (byte)'b', (byte)'c', 0, 0, 28, 0, 1,
            0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0,
        ]);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a..b")]
    [InlineData("é.example")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234.example")]
    public void TryWriteQuery_NameThatIsNone_IsRefused(string name) =>
        DnsCodec.TryWriteQuery(new byte[DnsCodec.MaxQueryBytes], Id, name, DnsRecordType.A, out _).ShouldBeFalse();

    [Fact]
    public void TryWriteQuery_LongNames_AreBoundedAt255Bytes()
    {
        var label = new string('a', 61);
        var longest = string.Join('.', label, label, label, label, "abcde");
        var buffer = new byte[DnsCodec.MaxQueryBytes];

        DnsCodec.TryWriteQuery(buffer, Id, longest, DnsRecordType.A, out var length).ShouldBeTrue();
        length.ShouldBe(DnsCodec.MaxQueryBytes);
        DnsCodec.TryWriteQuery(buffer, Id, longest + "f", DnsRecordType.A, out _).ShouldBeFalse();
    }

    [Fact]
    public void Decode_Addresses_GivesThemWithTheLeastTtl()
    {
        var reply = Decode(Answer().Address("192.0.2.1", 60).Address("192.0.2.2", 30));

        reply.Kind.ShouldBe(DnsReplyKind.Answer);
        reply.Addresses.ShouldBe([IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2")]);
        reply.TtlSeconds.ShouldBe(30u);
    }

    [Fact]
    public void Decode_ChainOfAliases_FollowsItInAnyOrder()
    {
        var reply = Decode(Answer()
            .AddressOf("c.example.net", "192.0.2.1", 60)
            .AddressOf("stranger.example", "192.0.2.66", 1)
            .Alias("B.example.net", "c.example.net", 20)
            .Alias(Name, "b.example.NET", 40));

        reply.Addresses.ShouldBe([IPAddress.Parse("192.0.2.1")]);
        reply.TtlSeconds.ShouldBe(20u);
    }

    [Fact]
    public void Decode_LoopOfAliases_IsMalformed() =>
        Decode(Answer().Alias(Name, "b.example", 1).Alias("b.example", Name, 1)).Kind.ShouldBe(DnsReplyKind.Malformed);

    [Fact]
    public void Decode_TtlWithTopBit_CountsAsZero() =>
        Decode(Answer().Address("192.0.2.1", 0x8000_0001)).TtlSeconds.ShouldBe(0u);

    [Fact]
    public void Decode_NoRecords_IsAnEmptyAnswer()
    {
        var reply = Decode(Answer());

        reply.Kind.ShouldBe(DnsReplyKind.Answer);
        reply.Addresses.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0x8183, "NoSuchName")]
    [InlineData(0x8182, "ServerFailure")]
    [InlineData(0x8185, "ServerFailure")]
    [InlineData(0x8380, "Truncated")]
    [InlineData(0x0180, "Foreign")]
    [InlineData(0x8980, "Foreign")]
    public void Decode_Flags_DecideTheKind(int flags, string kind) =>
        Decode(new DnsMessages(DnsMessages.Query(Id, Name, DnsRecordType.A), (ushort)flags)).Kind.ToString().ShouldBe(kind);

    [Fact]
    public void Decode_OtherIdNameOrType_IsForeign()
    {
        var answer = Answer().Address("192.0.2.1", 60).ToArray();

        DnsCodec.Decode(answer, Id + 1, Name, DnsRecordType.A).Kind.ShouldBe(DnsReplyKind.Foreign);
        DnsCodec.Decode(answer, Id, "other.example.com", DnsRecordType.A).Kind.ShouldBe(DnsReplyKind.Foreign);
        DnsCodec.Decode(answer, Id, Name, DnsRecordType.Aaaa).Kind.ShouldBe(DnsReplyKind.Foreign);
        DnsCodec.Decode(answer, Id, "API.example.COM.", DnsRecordType.A).Kind.ShouldBe(DnsReplyKind.Answer);
    }

    [Theory]
    [InlineData(new byte[] { 0xC0, 33 })]
    [InlineData(new byte[] { 0xC0, 0xFF })]
    [InlineData(new byte[] { 0xFF, 0xFF })]
    [InlineData(new byte[] { 0x40 })]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 3, (byte)'a', (byte)'.', (byte)'b', 0 })]
    [InlineData(new byte[] { 1, (byte)'a', 0xC0, 33 })]
    public void Decode_OwnerThatIsNoName_IsMalformed(byte[] owner) =>
        Decode(Answer().Record(owner, DnsRecordType.A, 1, [192, 0, 2, 1])).Kind.ShouldBe(DnsReplyKind.Malformed);

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(0)]
    public void Decode_AddressOfWrongLength_IsMalformed(int length) =>
        Decode(Answer().Record([0xC0, 12], DnsRecordType.A, 1, new byte[length])).Kind.ShouldBe(DnsReplyKind.Malformed);

    [Fact]
    public void Decode_EveryTruncation_IsRejected()
    {
        var message = Answer().Alias(Name, "b.example.net", 40).AddressOf("b.example.net", "192.0.2.1", 60).ToArray();
        DnsCodec.Decode(message, Id, Name, DnsRecordType.A).Addresses.Length.ShouldBe(1);

        for (var length = 0; length < message.Length; length++)
            DnsCodec.Decode(message.AsSpan(0, length), Id, Name, DnsRecordType.A).Kind.ShouldBeOneOf(DnsReplyKind.Foreign, DnsReplyKind.Malformed);
    }

    [Fact]
    public void Decode_MutatedMessages_NeverThrows()
    {
        var random = new Random(11);
        var message = Answer().Alias(Name, "b.example.net", 40).AddressOf("b.example.net", "192.0.2.1", 60).Address("192.0.2.9", 1).ToArray();
        var kinds = new HashSet<DnsReplyKind>();
        for (var i = 0; i < 200_000; i++)
        {
            var mutant = message[..random.Next(random.Next(2) == 0 ? 12 : message.Length, message.Length + 1)];
            for (var n = random.Next(1, 6); n > 0; n--)
                mutant[random.Next(2, mutant.Length)] = random.Next(3) == 0 ? (byte)0xC0 : (byte)random.Next(256);

            kinds.Add(DnsCodec.Decode(mutant, Id, Name, DnsRecordType.A).Kind);
        }

        kinds.Count.ShouldBe(Enum.GetValues<DnsReplyKind>().Length);
    }

    private static DnsMessages Answer() => new(DnsMessages.Query(Id, Name, DnsRecordType.A));

    private static DnsReply Decode(DnsMessages message) => DnsCodec.Decode(message.ToArray(), Id, Name, DnsRecordType.A);
}
