// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Discovery.Kubernetes;

/// <summary>An event of a watch.</summary>
/// <param name="Type">What it says.</param>
/// <param name="Version">resourceVersion; empty with an error.</param>
/// <param name="Object">The object that changed or is gone; null: none.</param>
/// <param name="Status">The error; null: none.</param>
internal sealed record WatchEvent<T>(WatchEventType Type, string Version, T? Object, ApiStatus? Status)
    where T : ApiObject
{
    /// <summary>Reads one.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static WatchEvent<T> Read(ReadOnlySpan<byte> json, ObjectParser<T> parse)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            var found = ReadEvent(ref reader, parse);
            return reader.Read() ? throw new InvalidDataException("an event with something behind it") : found;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"an event that is no JSON: {error.Message}", error);
        }
    }

    // The type says how the object is to be read, and may stand behind it.
    private static WatchEvent<T> ReadEvent(ref Utf8JsonReader reader, ObjectParser<T> parse)
    {
        string? type = null;
        Utf8JsonReader content = default;
        var hasContent = false;
        JsonTokens.Object(ref reader, "an event");
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("type"u8))
            {
                type = JsonTokens.TextOrNull(ref reader, "type");
            }
            else if (reader.ValueTextEquals("object"u8))
            {
                reader.Read();
                content = reader;
                hasContent = true;
                reader.Skip();
            }
            else
            {
                JsonTokens.Skip(ref reader);
            }
        }

        if (!hasContent)
            throw new InvalidDataException("an event without an object");
        switch (type)
        {
            case "ADDED" or "MODIFIED":
                var changed = parse(ref content);
                return new WatchEvent<T>(WatchEventType.Changed, changed.Metadata.Version, changed, Status: null);
            case "DELETED":
                var deleted = parse(ref content);
                return new WatchEvent<T>(WatchEventType.Deleted, deleted.Metadata.Version, deleted, Status: null);
            case "BOOKMARK":
                return new WatchEvent<T>(WatchEventType.Bookmark, ReadVersion(ref content), Object: null, Status: null);
            case "ERROR":
                return new WatchEvent<T>(WatchEventType.Error, "", Object: null, StatusReader.Read(ref content));
            default:
                throw new InvalidDataException("an event of a type that is not known");
        }
    }

    private static string ReadVersion(ref Utf8JsonReader reader)
    {
        var version = "";
        JsonTokens.Object(ref reader, "a bookmark");
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("metadata"u8))
                version = ApiMetadata.Read(ref reader).Version;
            else
                JsonTokens.Skip(ref reader);
        }

        return version;
    }
}
