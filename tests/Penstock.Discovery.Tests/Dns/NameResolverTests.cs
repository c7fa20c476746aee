// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Discovery.Dns;
using Penstock.Model;

namespace Penstock.Discovery.Tests.Dns;

public sealed class NameResolverTests
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task ResolveAsync_BothFamilies_GivesAllWithTheLeastTtl()
    {
        await using var server = new FakeNameServer(query => [Dual(query).ToArray()]);

        var resolution = await new NameResolver(server.Address, TimeProvider.System).ResolveAsync("api.example.com", default);

        resolution.IPv4.ShouldBe([IPAddress.Parse("192.0.2.1")]);
        resolution.IPv6.ShouldBe([IPAddress.Parse("2001:db8::1")]);
        resolution.Ttl.ShouldBe(TimeSpan.FromSeconds(7));
    }

    [Fact]
    public async Task ResolveAsync_OneFamilyFails_KeepsTheOtherAndSaysSo()
    {
        await using var server = new FakeNameServer(query =>
        {
            var message = new DnsMessages(query);
            return [message.Type == DnsRecordType.A ? message.Address("192.0.2.1", 60).ToArray() : new DnsMessages(query, 0x8182).ToArray()];
        });

        var resolution = await new NameResolver(server.Address, TimeProvider.System).ResolveAsync("api.example.com", default);

        resolution.HasAddresses.ShouldBeTrue();
        resolution.HasFailure.ShouldBeTrue();
        resolution.IPv6.IsDefault.ShouldBeTrue();
    }

    [Theory]
    [InlineData("192.0.2.7")]
    [InlineData("2001:db8::7")]
    public async Task ResolveAsync_LiteralAddress_AsksNobody(string text)
    {
        var resolution = await new NameResolver(server: null, TimeProvider.System).ResolveAsync(text, default);

        resolution.IPv4.Concat(resolution.IPv6).ShouldBe([IPAddress.Parse(text)]);
        resolution.Ttl.ShouldBeNull();
    }

    [Fact]
    public async Task ResolveAsync_Localhost_IsFound()
    {
        var resolution = await new NameResolver(server: null, TimeProvider.System).ResolveAsync("localhost", default);

        resolution.IPv4.ShouldContain(IPAddress.Loopback);
    }

    [Fact]
    public async Task QueryAsync_TruncatedOverUdp_AsksOverTcp()
    {
        await using var server = new FakeNameServer(
            query => [new DnsMessages(query, 0x8380).ToArray()],
            query => [Enumerable.Range(1, 200).Aggregate(new DnsMessages(query), (m, i) => m.Address($"192.0.2.{i}", 60)).ToArray()]);

        var reply = await Client(server.Address).QueryAsync("big.example.com", DnsRecordType.A, default);

        reply.Addresses.Length.ShouldBe(200);
    }

    [Fact]
    public async Task QueryAsync_ForgedAnswersFirst_WaitsForTheRealOne()
    {
        await using var server = new FakeNameServer(query =>
        {
            var forged = new DnsMessages(query).Address("192.0.2.66", 60).ToArray();
            forged[0] ^= 0xFF;
            return [forged, [], [1, 2, 3], new DnsMessages(query).Address("192.0.2.1", 60).ToArray()];
        });

        var reply = await Client(server.Address).QueryAsync("api.example.com", DnsRecordType.A, default);

        reply.Addresses.ShouldBe([IPAddress.Parse("192.0.2.1")]);
    }

    [Fact]
    public async Task QueryAsync_FirstServerSilentOrBroken_AsksTheNext()
    {
        await using var silent = new FakeNameServer(_ => []);
        await using var broken = new FakeNameServer(query => [new DnsMessages(query, 0x8182).ToArray()]);
        await using var good = new FakeNameServer(query => [new DnsMessages(query).Address("192.0.2.1", 60).ToArray()]);

        var reply = await Client(silent.Address, broken.Address, good.Address).QueryAsync("api.example.com", DnsRecordType.A, default);

        reply.Addresses.Length.ShouldBe(1);
        silent.Queries.ShouldBe(1);
    }

    [Fact]
    public async Task QueryAsync_NobodyAnswers_FailsAfterAllAttempts()
    {
        await using var silent = new FakeNameServer(_ => []);

        var reply = await new DnsClient([silent.Address], Short, attempts: 3, TimeProvider.System).QueryAsync("api.example.com", DnsRecordType.A, default);

        reply.Kind.ShouldBe(DnsReplyKind.ServerFailure);
        silent.Queries.ShouldBe(3);
    }

    [Fact]
    public async Task QueryAsync_NoSuchName_IsFinal()
    {
        await using var server = new FakeNameServer(query => [new DnsMessages(query, 0x8183).ToArray()]);

        var reply = await Client(server.Address, server.Address).QueryAsync("nope.example.com", DnsRecordType.A, default);

        reply.Kind.ShouldBe(DnsReplyKind.NoSuchName);
        server.Queries.ShouldBe(1);
    }

    private static DnsClient Client(params SocketEndpoint[] servers) => new(servers, Short, attempts: 2, TimeProvider.System);

    private static DnsMessages Dual(byte[] query)
    {
        var message = new DnsMessages(query);
        return message.Type == DnsRecordType.A ? message.Address("192.0.2.1", 60) : message.Address("2001:db8::1", 7);
    }
}
