// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Ipvs;

/// <summary>Kinds of changes.</summary>
internal enum IpvsCommandKind
{
    /// <summary>It is new.</summary>
    Add,

    /// <summary>It differs.</summary>
    Change,

    /// <summary>It goes.</summary>
    Remove,
}
