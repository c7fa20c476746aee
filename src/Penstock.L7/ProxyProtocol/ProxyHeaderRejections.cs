// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Errors;

namespace Penstock.L7.ProxyProtocol;

/// <summary>What a rejection looks like from outside.</summary>
internal static class ProxyHeaderRejections
{
    private static readonly string[] s_tokens = Tokens.Of<ProxyHeaderRejection>();

    /// <summary>A stable word for logs and metrics.</summary>
    internal static string Token(ProxyHeaderRejection reason) => s_tokens[(int)reason];
}
