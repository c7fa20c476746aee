// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>A required property that need not be written, since the loader fills it in.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FilledInAttribute(string with) : Attribute
{
    /// <summary>What it is filled in with, for the reference.</summary>
    public string With { get; } = with;
}
