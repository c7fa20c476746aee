// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Binding;

/// <summary>Ranges as this configuration writes them: <c>first-last</c>, or one value for both.</summary>
internal static class RangeText
{
    /// <summary>Takes a range apart at its first dash; neither end is read.</summary>
    /// <returns>Its ends as written; twice the text if it has no dash.</returns>
    public static (string First, string Last) Split(string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash < 0 ? (text, text) : (text[..dash], text[(dash + 1)..]);
    }
}
