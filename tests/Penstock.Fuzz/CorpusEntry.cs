// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Fuzz;

/// <summary>One message of the corpus.</summary>
/// <param name="Name">File name.</param>
/// <param name="Outcome">What is to become of it, as <c>outcomes.txt</c> says.</param>
/// <param name="Bytes">The stream.</param>
internal sealed record CorpusEntry(string Name, string Outcome, byte[] Bytes)
{
    /// <summary>What the stream is to be read as.</summary>
    public Direction Direction => Name.StartsWith("request", StringComparison.Ordinal) ? Direction.Request : Direction.Response;
}
