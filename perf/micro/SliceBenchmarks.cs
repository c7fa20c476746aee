// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using Penstock.Discovery.Kubernetes;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Micro;

/// <summary>
/// A Service of a thousand EndpointSlices with a hundred endpoints each, as four pages of a list and then one event. To reach here, the network aside: the first list within 2 s, one change
/// within 5 ms.
/// </summary>
[MemoryDiagnoser]
public class SliceBenchmarks
{
    private const int Pages = 4;
    private const int SlicesOfAPage = 250;
    private const int EndpointsOfASlice = 100;

    private readonly byte[][] _pages = [.. Enumerable.Range(0, Pages).Select(Page)];
    private readonly byte[][] _events = [Event(3), Event(4)];
    private readonly SliceReader _reader = new();
    private PodTable _table = Table();
    private ImmutableArray<Endpoint> _before;
    private int _turn;

    /// <summary>What is there before a change.</summary>
    [GlobalSetup]
    public void Fill() => _before = FirstList();

    /// <summary>From the bytes of the pages to the list of endpoints.</summary>
    [Benchmark]
    public ImmutableArray<Endpoint> FirstList()
    {
        _table = Table();
        foreach (var page in _pages)
        {
            foreach (var slice in ListPage<SliceObject>.Read(page, _reader.Read).Items)
                _table.Put(slice);
        }

        return _table.Build();
    }

    /// <summary>From the bytes of an event to the list of endpoints, and to knowing that it is another one.</summary>
    [Benchmark]
    public bool OneChange()
    {
        _table.Put(WatchEvent<SliceObject>.Read(_events[_turn ^= 1], _reader.Read).Object!); // it says that a slice has changed
        var after = _table.Build();
        var isSame = _before.AsSpan().SequenceEqual(after.AsSpan());
        _before = after;
        return isSame;
    }

    private static PodTable Table() => new("http2", new EndpointForm(new KubernetesDiscoveryConfig { Service = "istio-system/istio-ingressgateway", Port = "http2" }), most: 200_000);

    private static byte[] Page(int page) => Encoding.UTF8.GetBytes(
        "{\"kind\":\"EndpointSliceList\",\"apiVersion\":\"discovery.k8s.io/v1\",\"metadata\":{\"resourceVersion\":\"1000\"},\"items\":["
        + string.Join(',', Enumerable.Range(page * SlicesOfAPage, SlicesOfAPage).Select(number => Slice(number, octet: 1))) + "]}");

    private static byte[] Event(int octet) => Encoding.UTF8.GetBytes("{\"type\":\"MODIFIED\",\"object\":" + Slice(number: 500, octet) + "}");

    private static string Slice(int number, int octet) =>
        string.Create(CultureInfo.InvariantCulture, $"{{\"metadata\":{{\"name\":\"istio-ingressgateway-{number:0000}\",\"namespace\":\"istio-system\",\"resourceVersion\":\"900\",\"labels\":{{\"kubernetes.io/service-name\":\"istio-ingressgateway\"}}}},\"addressType\":\"IPv4\",\"endpoints\":[")
        + string.Join(',', Enumerable.Range(0, EndpointsOfASlice).Select(i => Pod(number, octet, i)))
        + "],\"ports\":[{\"name\":\"http2\",\"protocol\":\"TCP\",\"port\":8080}]}";

    private static string Pod(int number, int octet, int i) => string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"addresses\":[\"10.{(octet * 10) + (number / 250)}.{number % 250}.{i}\"],\"conditions\":{{\"ready\":true,\"serving\":true,\"terminating\":false}},\"nodeName\":\"node-{i}\",\"targetRef\":{{\"kind\":\"Pod\",\"namespace\":\"istio-system\",\"name\":\"istio-ingressgateway-6d9f8c7b5-{i:00000}\",\"uid\":\"5f0c2b1e-7a4d-4c7e-9a55-0d3f1b2a4c6e\"}},\"zone\":\"eu-1{(char)('a' + (i % 3))}\"}}");
}
