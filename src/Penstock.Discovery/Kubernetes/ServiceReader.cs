// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Reads Services.</summary>
internal static class ServiceReader
{
    private const int MostPorts = 10_000; // beyond what the range of node ports gives

    /// <summary>Reads an object that the reader stands at the beginning of.</summary>
    public static ServiceObject Read(ref Utf8JsonReader reader)
    {
        var metadata = ApiMetadata.None;
        var ports = new List<ServicePort>();
        var isLocal = false;
        JsonTokens.Object(ref reader, "a Service");
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("metadata"u8))
                metadata = ApiMetadata.Read(ref reader);
            else if (reader.ValueTextEquals("spec"u8))
                isLocal = ReadSpec(ref reader, ports);
            else
                JsonTokens.Skip(ref reader);
        }

        return new ServiceObject(metadata.Named(), ports, isLocal);
    }

    private static bool ReadSpec(ref Utf8JsonReader reader, List<ServicePort> ports)
    {
        var isLocal = false;
        if (!JsonTokens.InnerObject(ref reader, "spec"))
            return isLocal;
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("ports"u8))
                SliceReader.ReadPorts(ref reader, "nodePort"u8, ports, MostPorts);
            else if (reader.ValueTextEquals("externalTrafficPolicy"u8))
                isLocal = JsonTokens.TextOrNull(ref reader, "spec.externalTrafficPolicy") is "Local";
            else
                JsonTokens.Skip(ref reader);
        }

        return isLocal;
    }
}
