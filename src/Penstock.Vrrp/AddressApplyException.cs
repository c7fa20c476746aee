// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp;

/// <summary>Virtual addresses could not be put in place, for a reason outside the configuration's text (no keepalived or BIRD, a template it refuses, a missing right).</summary>
public sealed class AddressApplyException : Exception
{
    /// <summary>With a message for the person who asked for the reload.</summary>
    public AddressApplyException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
