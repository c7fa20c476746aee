// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>What a text must look like. For a list, holds for each item.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TextAttribute(TextForm form) : Attribute
{
    /// <summary>The form.</summary>
    public TextForm Form { get; } = form;
}
