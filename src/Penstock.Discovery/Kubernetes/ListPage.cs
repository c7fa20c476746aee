// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Discovery.Kubernetes;

/// <summary>A page of a list.</summary>
/// <param name="Items">Its objects.</param>
/// <param name="Version">resourceVersion that the list is of.</param>
/// <param name="Continue">What the next page is asked for with; empty: there is none.</param>
internal sealed record ListPage<T>(List<T> Items, string Version, string Continue)
    where T : ApiObject
{
    /// <summary>Reads one.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static ListPage<T> Read(ReadOnlySpan<byte> json, ObjectParser<T> parse)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            var page = ReadList(ref reader, parse);
            return reader.Read() ? throw new InvalidDataException("a list with something behind it") : page;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"a list that is no JSON: {error.Message}", error);
        }
    }

    private static ListPage<T> ReadList(ref Utf8JsonReader reader, ObjectParser<T> parse)
    {
        var items = new List<T>();
        var (version, next, hasItems) = ("", "", false);
        JsonTokens.Object(ref reader, "a list");
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("metadata"u8))
            {
                (version, next) = ReadMetadata(ref reader);
            }
            else if (reader.ValueTextEquals("items"u8))
            {
                hasItems = true;
                if (!JsonTokens.List(ref reader, "items"))
                    continue;
                while (JsonTokens.Item(ref reader))
                    items.Add(parse(ref reader));
            }
            else
            {
                JsonTokens.Skip(ref reader);
            }
        }

        return hasItems && version.Length > 0 ? new ListPage<T>(items, version, next) : throw new InvalidDataException("a list without items or without a version");
    }

    private static (string Version, string Continue) ReadMetadata(ref Utf8JsonReader reader)
    {
        var (version, next) = ("", "");
        if (!JsonTokens.InnerObject(ref reader, "metadata"))
            return (version, next);
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("resourceVersion"u8))
                version = JsonTokens.TextOrNull(ref reader, "metadata.resourceVersion") ?? "";
            else if (reader.ValueTextEquals("continue"u8))
                next = JsonTokens.TextOrNull(ref reader, "metadata.continue") ?? "";
            else
                JsonTokens.Skip(ref reader);
        }

        return (version, next);
    }
}
