// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp;

/// <summary>VRRP instances could not be put in place, for a reason outside the configuration's text (no keepalived, a template it refuses, a missing right).</summary>
public sealed class VrrpApplyException : Exception
{
    /// <summary>With a message for the person who asked for the reload.</summary>
    public VrrpApplyException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
