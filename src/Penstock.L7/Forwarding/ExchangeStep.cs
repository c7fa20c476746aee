// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Forwarding;

/// <summary>What comes next after reading some of a request's head.</summary>
internal enum ExchangeStep
{
    /// <summary>The head goes on.</summary>
    ReadMore,

    /// <summary>Send it to an endpoint.</summary>
    Forward,

    /// <summary>The proxy answers itself, or closes.</summary>
    Answer,
}
