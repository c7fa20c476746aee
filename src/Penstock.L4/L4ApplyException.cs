// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4;

/// <summary>Services could not be put in place, for a reason outside the configuration's text (a missing right, an interface that is gone).</summary>
public sealed class L4ApplyException : Exception
{
    /// <summary>With a message for the person who asked for the reload.</summary>
    public L4ApplyException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
