// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>What an address is for, and so which of its forms make sense.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AddressAttribute(AddressUse use) : Attribute
{
    /// <summary>What it is for.</summary>
    public AddressUse Use { get; } = use;

    /// <summary>Port when none is written; 0: one must be written.</summary>
    public int DefaultPort { get; init; }
}
