// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>The version that a key came with, as <c>0.2</c>; a key without it came with the first, <see cref="First"/>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SinceAttribute(string version) : Attribute
{
    /// <summary>The first version.</summary>
    public const string First = "0.1";

    /// <summary>The version.</summary>
    public string Version { get; } = version;
}
