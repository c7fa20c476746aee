// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;
using Penstock.Discovery.Kubernetes;
using Penstock.Model;

namespace Penstock.Discovery.Tests.Kubernetes;

public sealed class PodTableTests
{
    private readonly PodTable _table = new("http2", new EndpointForm(SourceUnderTest.Gateway), most: 200_000);

    [Fact]
    public void Address_InTwoSlices_CountsOnceAndAsReady()
    {
        _table.Put(Slice("a", ("10.1.0.1", true), ("10.1.0.2", false)));
        _table.Put(Slice("b", ("10.1.0.2", true), ("10.1.0.3", true)));
        Text().ShouldBe("10.1.0.1 10.1.0.2 10.1.0.3");

        _table.Remove("b");
        Text().ShouldBe("10.1.0.1 10.1.0.2-");
        _table.Put(Slice("b", ("10.1.0.2", false), ("10.1.0.1", false)));
        Text().ShouldBe("10.1.0.1 10.1.0.2-");
        _table.Remove("a");
        Text().ShouldBe("10.1.0.1- 10.1.0.2-");
        _table.Clear();
        Text().ShouldBe("");
    }

    [Fact]
    public void Address_TwiceInASlice_CountsOnceAndAsReady()
    {
        _table.Put(Slice("a", ("10.1.0.1", false), ("10.1.0.2", true), ("10.1.0.1", true)));

        Text().ShouldBe("10.1.0.1 10.1.0.2");
    }

    [Fact]
    public void Slices_InAnyOrder_MakeTheSameList()
    {
        var random = new Random(7);
        var slices = Enumerable.Range(0, 30).Select(i => Slice($"s{i:00}", [.. Enumerable.Range(0, 10).Select(j => ($"10.1.{i}.{j}", true))])).ToArray();
        foreach (var slice in slices)
            _table.Put(slice);
        var expected = Text();
        var other = new PodTable("http2", new EndpointForm(SourceUnderTest.Gateway), most: 200_000);
        foreach (var slice in slices.OrderBy(_ => random.Next()))
            other.Put(slice with { Endpoints = [.. slice.Endpoints.OrderBy(_ => random.Next())] });

        other.Build().SequenceEqual(_table.Build()).ShouldBeTrue();
        expected.Split(' ').Length.ShouldBe(300);
    }

    [Fact]
    public void Change_OfOneSliceAmongAThousand_LeavesTheOthersEndpointsAsTheyAre()
    {
        for (var i = 0; i < 1000; i++)
            _table.Put(Slice(i.ToString("0000", CultureInfo.InvariantCulture), [.. Enumerable.Range(0, 100).Select(j => ($"10.{i / 250}.{i % 250}.{j}", true))]));
        var before = _table.Build();

        _table.Put(Slice("0500", ("10.9.9.9", true)));
        var after = _table.Build();

        before.Length.ShouldBe(100_000);
        after.Length.ShouldBe(99_901);
        Enumerable.Range(0, 50_000).All(i => ReferenceEquals(before[i], after[i])).ShouldBeTrue();
        Enumerable.Range(50_100, 49_900).All(i => ReferenceEquals(before[i], after[i - 99])).ShouldBeTrue();
        after[50_000].Address.Address.ShouldBe(IPAddress.Parse("10.9.9.9"));
    }

    [Fact]
    public void Endpoints_MoreThanThereMayBe_AreRefusedAndNothingChanges()
    {
        var table = new PodTable("http2", new EndpointForm(SourceUnderTest.Gateway), most: 2);
        table.Put(Slice("a", ("10.1.0.1", true), ("10.1.0.2", true)));

        Should.Throw<InvalidDataException>(() => table.Put(Slice("b", ("10.1.0.3", true))));
        table.Put(Slice("a", ("10.1.0.4", true), ("10.1.0.5", true)));

        table.Build().Select(endpoint => endpoint.Address.Address!.ToString()).ShouldBe(["10.1.0.4", "10.1.0.5"]);
    }

    private string Text() => string.Join(' ', _table.Build().Select(endpoint => endpoint.Address.Address + (endpoint.State == EndpointState.Ready ? "" : "-")));

    private static SliceObject Slice(string name, params (string Address, bool IsReady)[] endpoints) => new(
        ApiMetadata.None with { Name = name },
        [.. endpoints.Select(endpoint => new SliceEndpoint(IPAddress.Parse(endpoint.Address), endpoint.IsReady, "", ""))],
        [new ServicePort("http2", 8080, IsTcp: true)]);
}
