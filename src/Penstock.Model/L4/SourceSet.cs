// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Model.L4;

/// <summary>Networks of clients: one that is written in place, or those of a file.</summary>
/// <param name="Text">The network or the file's path, as written.</param>
/// <param name="Prefixes">The networks, as they were when the configuration was read; sorted, each once.</param>
public sealed record SourceSet(string Text, ImmutableArray<SourcePrefix> Prefixes)
{
    /// <summary>Whether it is a file.</summary>
    public bool IsFile => Text.StartsWith('/');

    /// <inheritdoc/>
    public override string ToString() => Text;
}
