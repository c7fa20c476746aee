// SPDX-License-Identifier: Apache-2.0
using System.Text;
using System.Text.Json;
using Penstock.Discovery.Kubernetes;
using static Penstock.Discovery.Tests.Kubernetes.Recorded;

namespace Penstock.Discovery.Tests.Kubernetes;

public sealed class ReaderTests
{
    [Fact]
    public void Slice_Whole_IsRead()
    {
        var slice = Read(Slice("gw-a", Pod("10.1.0.1", zone: "eu-1a", node: "n7"), Pod("10.1.0.2", ready: false)));

        (slice.Name, slice.Metadata.Version).ShouldBe(("gw-a", "VERSION"));
        slice.Endpoints.Select(endpoint => (endpoint.Address.ToString(), endpoint.IsReady, endpoint.Zone, endpoint.Node)).ShouldBe([("10.1.0.1", true, "eu-1a", "n7"), ("10.1.0.2", false, "a", "n1")]);
        slice.Ports.Select(port => (port.Name, port.Number, port.IsTcp)).ShouldBe([("http2", (int?)8080, true), ("dns", (int?)5353, false)]);
    }

    [Theory]
    [InlineData("{}", true)]
    [InlineData("{\"ready\":null}", true)]
    [InlineData("{\"ready\":true}", true)]
    [InlineData("{\"ready\":false,\"serving\":true,\"terminating\":true}", false)]
    [InlineData("{\"ready\":true,\"serving\":true,\"terminating\":true}", false)]
    [InlineData("{\"ready\":true,\"serving\":true,\"terminating\":false}", true)]
    [InlineData("{\"serving\":true,\"terminating\":null}", true)]
    [InlineData("{\"ready\":false}", null)]
    [InlineData("{\"ready\":false,\"serving\":false}", null)]
    public void Conditions_AsTheApiHasThem_AreReadyDrainOrNone(string conditions, bool? isReady)
    {
        var endpoints = Read(Slice("gw-a", "{\"addresses\":[\"10.1.0.1\"],\"conditions\":" + conditions + "}")).Endpoints;

        endpoints.Select(endpoint => (bool?)endpoint.IsReady).SingleOrDefault().ShouldBe(isReady);
    }

    [Theory]
    [InlineData("10.1.0.1", "IPv6")]
    [InlineData("2001:db8::1", "IPv4")]
    [InlineData("10.1.1", "IPv4")]
    [InlineData("0x0a010001", "IPv4")]
    [InlineData("010.1.0.1", "IPv4")]
    [InlineData("127.0.0.1", "IPv4")]
    [InlineData("0.0.0.0", "IPv4")]
    [InlineData("169.254.169.254", "IPv4")]
    [InlineData("224.0.0.1", "IPv4")]
    [InlineData("255.255.255.255", "IPv4")]
    [InlineData("::1", "IPv6")]
    [InlineData("::", "IPv6")]
    [InlineData("fe80::1", "IPv6")]
    [InlineData("fe80::1%lo", "IPv6")]
    [InlineData("ff02::1", "IPv6")]
    [InlineData("::ffff:10.1.0.1", "IPv6")]
    [InlineData("gw.example.com", "IPv4")]
    [InlineData("10.1.0.1", "Unix")]
    public void Address_ThatNoSliceMayHave_IsRefused(string address, string type) =>
        Should.Throw<InvalidDataException>(() => Read(SliceOf("gw-a", type, "[]", Pod(address))));

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"addressType\":\"IPv4\"}")]
    [InlineData("{\"metadata\":{\"name\":7},\"addressType\":\"IPv4\"}")]
    [InlineData("{\"metadata\":{\"name\":\"a\"},\"addressType\":\"IPv4\",\"endpoints\":{}}")]
    [InlineData("{\"metadata\":{\"name\":\"a\"},\"addressType\":\"IPv4\",\"endpoints\":[7]}")]
    [InlineData("{\"metadata\":{\"name\":\"a\"},\"addressType\":\"IPv4\",\"endpoints\":[{}]}")]
    [InlineData("{\"metadata\":{\"name\":\"a\"},\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[7]}]}")]
    [InlineData("{\"metadata\":{\"name\":\"a\"},\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"10.1.0.1\"],\"conditions\":{\"ready\":\"yes\"}}]}")]
    [InlineData("{\"metadata\":{\"name\":\"a\"},\"addressType\":\"IPv4\",\"ports\":[{\"port\":70000}]}")]
    [InlineData("{\"metadata\":{\"name\":\"a\"},\"addressType\":\"IPv4\",\"ports\":[{\"port\":-1}]}")]
    public void Slice_OfAnotherShape_IsRefused(string json) => Should.Throw<InvalidDataException>(() => Read(json));

    [Fact]
    public void Slice_OfNames_HasNoEndpoints() => Read(SliceOf("gw-a", "FQDN", "[]", Pod("gw.example.com"))).Endpoints.ShouldBeEmpty();

    [Fact]
    public void List_CutAnywhere_IsRefused()
    {
        var list = Encoding.UTF8.GetBytes("{\"kind\":\"EndpointSliceList\",\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" + Slice("gw-a", Pod("10.1.0.1")) + "]}");
        var reader = new SliceReader();

        ListPage<SliceObject>.Read(list, reader.Read).Items.ShouldHaveSingleItem().Name.ShouldBe("gw-a");
        for (var length = 0; length < list.Length; length++)
        {
            var part = list[..length];
            Should.Throw<InvalidDataException>(() => ListPage<SliceObject>.Read(part, reader.Read));
        }
    }

    [Theory]
    [InlineData("{\"metadata\":{},\"items\":[]}")]
    [InlineData("{\"metadata\":{\"resourceVersion\":\"7\"}}")]
    [InlineData("{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[]}{}")]
    public void List_WithoutVersionOrItemsOrWithMore_IsRefused(string json) =>
        Should.Throw<InvalidDataException>(() => ListPage<SliceObject>.Read(Encoding.UTF8.GetBytes(json), new SliceReader().Read));

    [Fact]
    public void List_WithoutObjects_IsEmpty() =>
        ListPage<SliceObject>.Read("{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":null}"u8, new SliceReader().Read).Items.ShouldBeEmpty();

    [Fact]
    public void Event_TypeBehindItsObject_IsRead()
    {
        var said = WatchEvent<SliceObject>.Read(Encoding.UTF8.GetBytes("{\"object\":" + Slice("gw-a", Pod("10.1.0.1")) + ",\"type\":\"DELETED\"}"), new SliceReader().Read);

        (said.Type, said.Version, said.Object.ShouldNotBeNull().Name).ShouldBe((WatchEventType.Deleted, "VERSION", "gw-a"));
    }

    [Fact]
    public async Task Lines_CutAnywhere_AreTheSame()
    {
        var bytes = Encoding.UTF8.GetBytes("{\"a\":1}\n\n{\"b\":\"" + new string('x', 200) + "\"}\n{\"c\"");
        for (var size = 1; size <= bytes.Length; size++)
        {
            using var stream = new PiecewiseStream(bytes, size);
            var lines = new EventLines(stream, 1 << 20);
            var found = new List<string>();
            do
            {
                while (lines.TryTake(out var line))
                    found.Add(Encoding.UTF8.GetString(line.Span));
            }
            while (await lines.FillAsync(CancellationToken.None));

            found.Select(line => line.Length).ShouldBe([7, 208]);
            lines.HasRest.ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Lines_TooLong_AreRefused()
    {
        using var stream = new PiecewiseStream(new byte[300_000], 1000);
        var lines = new EventLines(stream, 200_000);

        await Should.ThrowAsync<InvalidDataException>(async () =>
        {
            while (await lines.FillAsync(CancellationToken.None))
                lines.TryTake(out _).ShouldBeFalse();
        });
    }

    private static SliceObject Read(string json)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        reader.Read();
        return new SliceReader().Read(ref reader);
    }
}
