// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>What a rejection looks like from outside.</summary>
internal static class RejectReasons
{
    private static readonly string[] s_tokens = MakeTokens();

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

    private static string[] MakeTokens()
    {
        string[] names = Enum.GetNames<RejectReason>();
        return Array.ConvertAll(names, static name =>
            string.Concat(name.Select(static (c, i) => i > 0 && char.IsAsciiLetterUpper(c) ? "_" + char.ToLowerInvariant(c) : char.ToLowerInvariant(c).ToString())));
    }
}
