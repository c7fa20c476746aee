// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Reads EndpointSlices of discovery.k8s.io/v1 and v1beta1, which differ in where the zone stands.</summary>
internal sealed class SliceReader
{
    private const int MostEndpoints = 1000; // kube-apiserver, validation of EndpointSlices
    private const int MostPorts = 20_000; // the same
    private const int KnownTexts = 10_000;

    // Zones and nodes come again with every endpoint: one instance of each is kept.
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>Reads an object that the reader stands at the beginning of.</summary>
    public SliceObject Read(ref Utf8JsonReader reader)
    {
        var metadata = ApiMetadata.None;
        var endpoints = new List<SliceEndpoint>();
        var ports = new List<ServicePort>();
        string? type = null, bad = null;
        JsonTokens.Object(ref reader, "an EndpointSlice");
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("metadata"u8))
                metadata = ApiMetadata.Read(ref reader);
            else if (reader.ValueTextEquals("addressType"u8))
                type = JsonTokens.TextOrNull(ref reader, "addressType");
            else if (reader.ValueTextEquals("endpoints"u8))
                bad = ReadEndpoints(ref reader, endpoints);
            else if (reader.ValueTextEquals("ports"u8))
                ReadPorts(ref reader, "port"u8, ports, MostPorts);
            else
                JsonTokens.Skip(ref reader);
        }

        // Names instead of addresses are deprecated, and no controller makes them.
        if (type is "FQDN")
            return new SliceObject(metadata.Named(), [], ports);
        var family = type switch
        {
            "IPv4" => AddressFamily.InterNetwork,
            "IPv6" => AddressFamily.InterNetworkV6,
            _ => throw new InvalidDataException($"EndpointSlice {metadata.Name}: an addressType that is not known"),
        };
        if (bad is not null || endpoints.Exists(endpoint => endpoint.Address.AddressFamily != family))
            throw new InvalidDataException($"EndpointSlice {metadata.Name}: {bad ?? "an address of another family"}");
        return new SliceObject(metadata.Named(), endpoints, ports);
    }

    /// <summary>Reads a property's value, a list of ports.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="numberKey">Key of the number to connect to.</param>
    /// <param name="ports">Takes the ports.</param>
    /// <param name="most">How many there may be.</param>
    internal static void ReadPorts(ref Utf8JsonReader reader, ReadOnlySpan<byte> numberKey, List<ServicePort> ports, int most)
    {
        if (!JsonTokens.List(ref reader, "ports"))
            return;
        while (JsonTokens.Item(ref reader))
        {
            var port = new ServicePort("", Number: null, IsTcp: true);
            JsonTokens.Object(ref reader, "ports");
            while (JsonTokens.Property(ref reader))
            {
                if (reader.ValueTextEquals("name"u8))
                    port = port with { Name = JsonTokens.TextOrNull(ref reader, "ports.name") ?? "" };
                else if (reader.ValueTextEquals(numberKey))
                    port = port with { Number = JsonTokens.Port(ref reader, "ports") };
                else if (reader.ValueTextEquals("protocol"u8))
                    port = Of(port, JsonTokens.TextOrNull(ref reader, "ports.protocol"));
                else
                    JsonTokens.Skip(ref reader);
            }

            ports.Add(port);
            if (ports.Count > most)
                throw new InvalidDataException($"more than {most} ports");
        }
    }

    private static ServicePort Of(ServicePort port, string? protocol) => port with { IsTcp = protocol is null or "TCP", IsUdp = protocol is "UDP" };

    // What is wrong with an address, which another type of address might make right.
    private string? ReadEndpoints(ref Utf8JsonReader reader, List<SliceEndpoint> endpoints)
    {
        string? bad = null;
        if (!JsonTokens.List(ref reader, "endpoints"))
            return bad;
        var count = 0;
        while (JsonTokens.Item(ref reader))
        {
            if (++count > MostEndpoints)
                throw new InvalidDataException($"an EndpointSlice of more than {MostEndpoints} endpoints");
            var trouble = ReadEndpoint(ref reader, endpoints);
            bad ??= trouble;
        }

        return bad;
    }

    private string? ReadEndpoint(ref Utf8JsonReader reader, List<SliceEndpoint> endpoints)
    {
        string? address = null, zone = null, node = null;
        (string? Zone, string? Node) old = default;
        (bool Ready, bool Serving, bool Ends) conditions = (true, true, false);
        JsonTokens.Object(ref reader, "endpoints");
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("addresses"u8))
                address = ReadAddresses(ref reader);
            else if (reader.ValueTextEquals("conditions"u8))
                conditions = ReadConditions(ref reader);
            else if (reader.ValueTextEquals("zone"u8))
                zone = JsonTokens.TextOrNull(ref reader, "endpoints.zone");
            else if (reader.ValueTextEquals("nodeName"u8))
                node = JsonTokens.TextOrNull(ref reader, "endpoints.nodeName");
            else if (reader.ValueTextEquals("topology"u8))
                old = ReadTopology(ref reader);
            else
                JsonTokens.Skip(ref reader);
        }

        if (address is null)
            return "an endpoint without an address";
        if (conditions is { Ready: false, Serving: false })
            return null;
        if (!TryAddress(address, out var parsed))
            return "an address that is none, or of this host, or of a link";
        endpoints.Add(new SliceEndpoint(parsed, conditions is { Ready: true, Ends: false }, Known(zone ?? old.Zone ?? ""), Known(node ?? old.Node ?? "")));
        return null;
    }

    private static string? ReadAddresses(ref Utf8JsonReader reader)
    {
        string? first = null;
        if (!JsonTokens.List(ref reader, "addresses"))
            return first;
        while (JsonTokens.Item(ref reader))
        {
            var text = JsonTokens.TextHere(ref reader, "addresses");
            first ??= text;
        }

        return first;
    }

    // Unknown means ready; serving is as ready where it is not said (before 1.22). Of Services with publishNotReadyAddresses pods are ready until they are gone: that they end is all there is to see.
    private static (bool Ready, bool Serving, bool Ends) ReadConditions(ref Utf8JsonReader reader)
    {
        bool? ready = null, serving = null, terminating = null;
        if (JsonTokens.InnerObject(ref reader, "conditions"))
        {
            while (JsonTokens.Property(ref reader))
            {
                if (reader.ValueTextEquals("ready"u8))
                    ready = JsonTokens.Flag(ref reader, "conditions.ready");
                else if (reader.ValueTextEquals("serving"u8))
                    serving = JsonTokens.Flag(ref reader, "conditions.serving");
                else if (reader.ValueTextEquals("terminating"u8))
                    terminating = JsonTokens.Flag(ref reader, "conditions.terminating");
                else
                    JsonTokens.Skip(ref reader);
            }
        }

        return (ready ?? true, serving ?? ready ?? true, terminating ?? false);
    }

    private static (string? Zone, string? Node) ReadTopology(ref Utf8JsonReader reader)
    {
        (string? Zone, string? Node) found = default;
        if (!JsonTokens.InnerObject(ref reader, "topology"))
            return found;
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("topology.kubernetes.io/zone"u8))
                found.Zone = JsonTokens.TextOrNull(ref reader, "topology");
            else if (reader.ValueTextEquals("kubernetes.io/hostname"u8))
                found.Node = JsonTokens.TextOrNull(ref reader, "topology");
            else
                JsonTokens.Skip(ref reader);
        }

        return found;
    }

    /// <summary>Parses an address that may be connected to: API servers refuse those of the host itself and of links as well (ValidateNonSpecialIP), so whoever names one is no such server, or wants to get behind this one.</summary>
    internal static bool TryAddress(string text, out IPAddress address)
    {
        var isGood = IPAddress.TryParse(text, out var parsed) && !text.Contains('%', StringComparison.Ordinal)
            && (parsed.AddressFamily == AddressFamily.InterNetworkV6 || string.Equals(parsed.ToString(), text, StringComparison.Ordinal));
        address = parsed ?? IPAddress.None;
        if (!isGood || IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || address.IsIPv4MappedToIPv6)
            return false;
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
            return !address.IsIPv6LinkLocal && !address.IsIPv6Multicast;
        Span<byte> octets = stackalloc byte[4];
        return address.TryWriteBytes(octets, out _) && octets is not [169, 254, ..] && octets[0] < 224;
    }

    private string Known(string text)
    {
        if (_known.TryGetValue(text, out var known))
            return known;
        if (_known.Count >= KnownTexts)
            _known.Clear();
        _known.Add(text);
        return text;
    }
}
