// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Fuzz;

/// <summary>What <see cref="ReferenceParser"/> read.</summary>
/// <param name="StartLine">The start line.</param>
/// <param name="Fields">Names and values in order.</param>
/// <param name="BodyStart">Where the body begins.</param>
/// <param name="End">Where the message ends; -1: not within the bytes, or only with the connection.</param>
/// <param name="Body">The body without its coding; null when it is not all there.</param>
internal sealed record ReferenceMessage(string StartLine, IReadOnlyList<(string Name, string Value)> Fields, int BodyStart, int End, string? Body)
{
    /// <summary>All values of a field.</summary>
    public IEnumerable<string> Values(string name) =>
        Fields.Where(field => string.Equals(field.Name, name, StringComparison.OrdinalIgnoreCase)).Select(field => field.Value);
}
