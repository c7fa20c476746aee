// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Errors;

namespace Penstock.L7.Http1;

/// <summary>What a rejection looks like from outside.</summary>
internal static class RejectReasons
{
    private static readonly string[] s_tokens = Tokens.Of<RejectReason>();

    /// <summary>The status for the client when its request is rejected (RFC 9110 section 15.5, 15.6).</summary>
    public static int Status(this RejectReason reason) => reason switch
    {
        RejectReason.RequestLineTooLong => 414,
        RejectReason.HeadTooLarge or RejectReason.TooManyFields or RejectReason.FieldNameTooLong => 431,
        RejectReason.ExpectationUnknown => 417,
        RejectReason.VersionUnsupported => 505,
        _ => 400,
    };

    /// <summary>A stable word for logs, metrics and Proxy-Status: the name of the reason in snake_case.</summary>
    public static string Token(this RejectReason reason) => s_tokens[(int)reason];
}
