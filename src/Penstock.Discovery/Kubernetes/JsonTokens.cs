// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Steps of a strict reader: what stands in another place than the API says is refused with an <see cref="InvalidDataException"/>.</summary>
internal static class JsonTokens
{
    /// <summary>Has the reader stand at the beginning of an object.</summary>
    public static void Object(ref Utf8JsonReader reader, string what)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Unexpected(what, "an object", reader.TokenType);
    }

    /// <summary>Goes to the next property's name; false: the object has ended.</summary>
    public static bool Property(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    /// <summary>Goes over a property's value.</summary>
    public static void Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }

    /// <summary>Goes into a property's value, an object; false: null stands there.</summary>
    public static bool InnerObject(ref Utf8JsonReader reader, string what)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
            return false;
        Object(ref reader, what);
        return true;
    }

    /// <summary>Goes into a property's value, a list; false: null stands there, as Go writes an empty one.</summary>
    public static bool List(ref Utf8JsonReader reader, string what)
    {
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.StartArray => true,
            JsonTokenType.Null => false,
            var other => throw Unexpected(what, "a list", other),
        };
    }

    /// <summary>Goes to the next item of a list; false: it has ended.</summary>
    public static bool Item(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType != JsonTokenType.EndArray;

    /// <summary>A property's value, a text; null where null stands there.</summary>
    public static string? TextOrNull(ref Utf8JsonReader reader, string what)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.Null ? null : TextHere(ref reader, what);
    }

    /// <summary>The text that the reader stands at.</summary>
    public static string TextHere(ref Utf8JsonReader reader, string what) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Unexpected(what, "a text", reader.TokenType); // a text is not null

    /// <summary>A property's value, true or false; null where null stands there.</summary>
    public static bool? Flag(ref Utf8JsonReader reader, string what)
    {
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            JsonTokenType.Null => null,
            var other => throw Unexpected(what, "true or false", other),
        };
    }

    /// <summary>A property's value, a whole number from 0; null where null stands there.</summary>
    public static int? Number(ref Utf8JsonReader reader, string what)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number) && number >= 0 ? number : throw Unexpected(what, "a whole number", reader.TokenType);
    }

    /// <summary>A property's value, a port; null where null or 0 stands there.</summary>
    public static int? Port(ref Utf8JsonReader reader, string what) => Number(ref reader, what) switch
    {
        null or 0 => null,
        > ushort.MaxValue => throw new InvalidDataException($"{what}: a port above 65535"),
        var port => port,
    };

    private static InvalidDataException Unexpected(string what, string expected, JsonTokenType found) => new($"{what}: {expected} is expected, not {found}");
}
