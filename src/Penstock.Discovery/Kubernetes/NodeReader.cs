// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Reads Nodes.</summary>
internal static class NodeReader
{
    /// <summary>Reads an object that the reader stands at the beginning of.</summary>
    public static NodeObject Read(ref Utf8JsonReader reader)
    {
        var node = new NodeObject(ApiMetadata.None, Internal: default, External: default, IsReady: false, IsGoing: false);
        JsonTokens.Object(ref reader, "a Node");
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("metadata"u8))
                node = node with { Metadata = ApiMetadata.Read(ref reader) };
            else if (reader.ValueTextEquals("spec"u8))
                node = node with { IsGoing = ReadSpec(ref reader) };
            else if (reader.ValueTextEquals("status"u8))
                node = ReadStatus(ref reader, node);
            else
                JsonTokens.Skip(ref reader);
        }

        return node with { Metadata = node.Metadata.Named(), IsGoing = node.IsGoing || node.Metadata.IsGoing };
    }

    // Whether it is cordoned (kubectl cordon, kubectl drain), or the cluster's autoscaler is about to remove it, by the taint that it sets first.
    private static bool ReadSpec(ref Utf8JsonReader reader)
    {
        var isGoing = false;
        if (!JsonTokens.InnerObject(ref reader, "spec"))
            return isGoing;
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("unschedulable"u8))
            {
                isGoing |= JsonTokens.Flag(ref reader, "spec.unschedulable") ?? false;
                continue;
            }

            if (!reader.ValueTextEquals("taints"u8))
            {
                JsonTokens.Skip(ref reader);
                continue;
            }

            if (!JsonTokens.List(ref reader, "spec.taints"))
                continue;
            while (JsonTokens.Item(ref reader))
                isGoing |= ReadPair(ref reader, "key"u8, "value"u8).Name is "ToBeDeletedByClusterAutoscaler";
        }

        return isGoing;
    }

    private static NodeObject ReadStatus(ref Utf8JsonReader reader, NodeObject node)
    {
        if (!JsonTokens.InnerObject(ref reader, "status"))
            return node;
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("addresses"u8))
                node = ReadAddresses(ref reader, node);
            else if (reader.ValueTextEquals("conditions"u8))
                node = node with { IsReady = ReadConditions(ref reader) };
            else
                JsonTokens.Skip(ref reader);
        }

        return node;
    }

    private static NodeObject ReadAddresses(ref Utf8JsonReader reader, NodeObject node)
    {
        if (!JsonTokens.List(ref reader, "status.addresses"))
            return node;
        while (JsonTokens.Item(ref reader))
        {
            var (type, address) = ReadPair(ref reader, "type"u8, "address"u8);
            if (type is "InternalIP")
                node = node with { Internal = node.Internal.With(address) };
            else if (type is "ExternalIP")
                node = node with { External = node.External.With(address) };
        }

        return node;
    }

    private static bool ReadConditions(ref Utf8JsonReader reader)
    {
        var isReady = false;
        if (!JsonTokens.List(ref reader, "status.conditions"))
            return isReady;
        while (JsonTokens.Item(ref reader))
            isReady |= ReadPair(ref reader, "type"u8, "status"u8) is { Name: "Ready", Value: "True" };
        return isReady;
    }

    private static (string? Name, string? Value) ReadPair(ref Utf8JsonReader reader, ReadOnlySpan<byte> nameKey, ReadOnlySpan<byte> valueKey)
    {
        (string? Name, string? Value) found = default;
        JsonTokens.Object(ref reader, "an item");
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals(nameKey))
                found.Name = JsonTokens.TextOrNull(ref reader, "an item");
            else if (reader.ValueTextEquals(valueKey))
                found.Value = JsonTokens.TextOrNull(ref reader, "an item");
            else
                JsonTokens.Skip(ref reader);
        }

        return found;
    }
}
