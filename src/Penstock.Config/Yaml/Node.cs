// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Yaml;

/// <summary>A piece of YAML and where it stands.</summary>
internal abstract class Node(string file, int line, int column)
{
    /// <summary>File.</summary>
    public string File { get; } = file;

    /// <summary>Line, from 1.</summary>
    public int Line { get; } = line;

    /// <summary>Column, from 1.</summary>
    public int Column { get; } = column;

    /// <summary>What it is, for a message.</summary>
    public abstract string Describe();
}
