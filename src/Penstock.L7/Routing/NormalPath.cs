// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Routing;

/// <summary>A request's path in the two forms that a proxy needs. Valid until its <see cref="PathNormalizer"/> is used again.</summary>
/// <param name="forward">The first form.</param>
/// <param name="match">The second form.</param>
internal readonly ref struct NormalPath(ReadOnlySpan<byte> forward, ReadOnlySpan<byte> match)
{
    /// <summary>What is sent on: as received but for dot segments, which are resolved.</summary>
    public ReadOnlySpan<byte> Forward { get; } = forward;

    /// <summary>What routes see: <see cref="Forward"/>, percent-decoded once, runs of slashes as one.</summary>
    public ReadOnlySpan<byte> Match { get; } = match;
}
