// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Reads Services.</summary>
internal static class ServiceReader
{
    private const int MostPorts = 10_000; // beyond what the range of node ports gives
    private const int MostFamilies = 2;

    /// <summary>Reads an object that the reader stands at the beginning of.</summary>
    public static ServiceObject Read(ref Utf8JsonReader reader)
    {
        var service = new ServiceObject(ApiMetadata.None, [], IsLocal: false, OnlyFamily: null);
        JsonTokens.Object(ref reader, "a Service");
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("metadata"u8))
                service = service with { Metadata = ApiMetadata.Read(ref reader) };
            else if (reader.ValueTextEquals("spec"u8))
                service = ReadSpec(ref reader, service);
            else
                JsonTokens.Skip(ref reader);
        }

        return service with { Metadata = service.Metadata.Named() };
    }

    private static ServiceObject ReadSpec(ref Utf8JsonReader reader, ServiceObject service)
    {
        var ports = new List<ServicePort>();
        var isLocal = false;
        List<string>? families = null;
        string? address = null;
        if (!JsonTokens.InnerObject(ref reader, "spec"))
            return service;
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("ports"u8))
                SliceReader.ReadPorts(ref reader, "nodePort"u8, ports, MostPorts);
            else if (reader.ValueTextEquals("externalTrafficPolicy"u8))
                isLocal = JsonTokens.TextOrNull(ref reader, "spec.externalTrafficPolicy") is "Local";
            else if (reader.ValueTextEquals("ipFamilies"u8))
                families = ReadFamilies(ref reader);
            else if (reader.ValueTextEquals("clusterIP"u8))
                address = JsonTokens.TextOrNull(ref reader, "spec.clusterIP");
            else
                JsonTokens.Skip(ref reader);
        }

        return service with { Ports = ports, IsLocal = isLocal, OnlyFamily = Only(families ?? [], address) };
    }

    private static List<string> ReadFamilies(ref Utf8JsonReader reader)
    {
        var families = new List<string>();
        if (!JsonTokens.List(ref reader, "spec.ipFamilies"))
            return families;
        while (JsonTokens.Item(ref reader))
        {
            families.Add(JsonTokens.TextHere(ref reader, "spec.ipFamilies"));
            if (families.Count > MostFamilies)
                throw new InvalidDataException($"a Service of more than {MostFamilies} address families");
        }

        return families;
    }

    // Servers before 1.20 say no families, and have Services of one alone: that of its address.
    private static AddressFamily? Only(List<string> families, string? address) => families switch
    {
        ["IPv4"] => AddressFamily.InterNetwork,
        ["IPv6"] => AddressFamily.InterNetworkV6,
        [] when IPAddress.TryParse(address, out var parsed) => parsed.AddressFamily,
        _ => null,
    };
}
