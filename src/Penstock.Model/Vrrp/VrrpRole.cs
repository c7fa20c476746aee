// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Vrrp;

/// <summary>What a host is to a VRRP instance (RFC 9568, 6.3; FAULT is keepalived's).</summary>
public enum VrrpRole
{
    /// <summary>Not known yet, or keepalived does not run.</summary>
    Unknown,

    /// <summary>It has the addresses.</summary>
    Master,

    /// <summary>Another host has them; it would take over.</summary>
    Backup,

    /// <summary>It would not: something it depends on has failed.</summary>
    Fault,
}
