// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Reads Status objects.</summary>
internal static class StatusReader
{
    private const int MessageLength = 200;

    /// <summary>Reads an object that the reader stands at the beginning of.</summary>
    public static ApiStatus Read(ref Utf8JsonReader reader)
    {
        var (code, message) = (0, "");
        JsonTokens.Object(ref reader, "a status");
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("code"u8))
                code = JsonTokens.Number(ref reader, "code") ?? 0;
            else if (reader.ValueTextEquals("message"u8))
                message = JsonTokens.TextOrNull(ref reader, "message") ?? "";
            else
                JsonTokens.Skip(ref reader);
        }

        return new ApiStatus(code, Plain(message));
    }

    /// <summary>Reads the body of an answer; null: it is something else, such as a page of a proxy.</summary>
    public static ApiStatus? TryRead(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            reader.Read();
            return Read(ref reader);
        }
        catch (Exception error) when (error is JsonException or InvalidDataException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string Plain(string message) =>
        string.Concat((message.Length <= MessageLength ? message : message[..MessageLength] + "...").Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? '?' : letter));
}
