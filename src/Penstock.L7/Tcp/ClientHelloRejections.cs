// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Errors;

namespace Penstock.L7.Tcp;

/// <summary>What a rejection looks like from outside.</summary>
internal static class ClientHelloRejections
{
    private static readonly string[] s_tokens = Tokens.Of<ClientHelloRejection>();

    /// <summary>A stable word for logs and metrics.</summary>
    internal static string Token(ClientHelloRejection reason) => s_tokens[(int)reason];
}
