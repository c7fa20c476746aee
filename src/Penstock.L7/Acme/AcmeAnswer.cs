// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Penstock.L7.Acme;

/// <summary>What a CA answered.</summary>
/// <param name="Status">Status code.</param>
/// <param name="Location">URL of what the answer is of; null: none.</param>
/// <param name="RetryAfter">How long it asks to wait; null: it does not say.</param>
/// <param name="Text">The body.</param>
internal sealed record AcmeAnswer(int Status, string? Location, TimeSpan? RetryAfter, string Text)
{
    /// <summary>Most characters of a CA's words that are passed on.</summary>
    internal const int MostSaid = 300;

    private const int MostLevels = 16;
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false, MaxDepth = MostLevels };

    /// <summary>The body as an object.</summary>
    /// <exception cref="AcmeException">It is none.</exception>
    internal JsonObject Json() => TryRead() ?? throw new AcmeException("the CA's answer is no JSON object");

    /// <summary>Type of the problem that it tells (RFC 8555 section 6.7), without the prefix of all; empty: none.</summary>
    internal string Problem()
    {
        const string prefix = "urn:ietf:params:acme:error:";
        var type = TextOf(TryRead(), "type");
        return type.StartsWith(prefix, StringComparison.Ordinal) ? type[prefix.Length..] : type;
    }

    /// <summary>What is said to an operator of a refusal.</summary>
    /// <param name="what">What was asked.</param>
    internal AcmeException Refusal(string what) => new($"the CA refuses {what} with status {Status}{Said(TryRead())}", RetryAfter);

    /// <summary>Type and text of a problem, after a colon; empty: it says nothing.</summary>
    internal static string Said(JsonNode? problem)
    {
        var text = $"{TextOf(problem, "type")} {TextOf(problem, "detail")}".Trim();
        return text.Length == 0 ? "" : ": " + Plain(text);
    }

    /// <summary>A CA's words on one line, with nothing in them that a terminal or a log would take for more than text, and not without end.</summary>
    internal static string Plain(string text) => string.Concat(text.Take(MostSaid).Select(letter => char.GetUnicodeCategory(letter) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse => ' ',
        _ => letter,
    }));

    /// <summary>A text of an object; empty: it has none of that name.</summary>
    internal static string TextOf(JsonNode? node, string name)
    {
        try
        {
            return node is JsonObject one && one.TryGetPropertyValue(name, out var value) && value is JsonValue text && text.TryGetValue<string>(out var found) ? found : "";
        }
        catch (InvalidOperationException)
        {
            return ""; // half of a surrogate pair
        }
    }

    private JsonObject? TryRead()
    {
        try
        {
            return JsonNode.Parse(Text, nodeOptions: null, s_strict) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
