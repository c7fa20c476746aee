// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7;

/// <summary>A snapshot could not be served, for a reason outside the configuration's text (an address in use, a missing right).</summary>
public sealed class L7ApplyException : Exception
{
    /// <summary>With a message for the person who asked for the reload.</summary>
    public L7ApplyException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
