// SPDX-License-Identifier: Apache-2.0
using System.Globalization;

namespace Penstock.L4.Xdp;

/// <summary>Words for reasons, as in metrics, <c>status</c> and captures: <c>no_backend</c>.</summary>
internal static class DropReasonNames
{
    /// <summary>A reason's word; a number where a newer program gives one that is not known here.</summary>
    public static string Name(DropReason reason) =>
        string.Concat(reason.ToString().Select((letter, i) => char.IsUpper(letter) && i > 0 ? "_" + char.ToLower(letter, CultureInfo.InvariantCulture) : char.ToLower(letter, CultureInfo.InvariantCulture).ToString()));
}
