// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.L7.Errors;
using Penstock.L7.Runtime;

namespace Penstock.L7.Tcp;

/// <summary>How a connection of mode tcp went.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct StreamEnd
{
    private const int FirstRejection = 256;

    /// <summary>The reason as a number, for counting.</summary>
    internal int Code { get; private init; }

    /// <summary>The rule it fell under; null: none.</summary>
    internal CompiledRoute? Route { get; init; }

    /// <summary>The rule's cluster that was drawn; below zero: none was.</summary>
    internal int Target { get; init; }

    /// <summary>The endpoint tried last; empty: none was.</summary>
    internal string Endpoint { get; init; }

    /// <summary>When an endpoint had taken the connection; 0: none has.</summary>
    internal long ConnectedTicks { get; init; }

    /// <summary>Endpoints tried.</summary>
    internal int Attempts { get; init; }

    /// <summary>Bytes of the client's.</summary>
    internal long ReceivedBytes { get; init; }

    /// <summary>Bytes of the endpoint's.</summary>
    internal long SentBytes { get; init; }

    /// <summary>With an error; <see cref="ProxyError.None"/>: both sides were done.</summary>
    internal static StreamEnd By(ProxyError error) => new() { Code = (int)error, Target = -1, Endpoint = "" };

    /// <summary>Because there was no ClientHello.</summary>
    internal static StreamEnd By(ClientHelloRejection rejection) => new() { Code = FirstRejection + (int)rejection, Target = -1, Endpoint = "" };

    /// <summary>The word for a code; empty: both sides were done.</summary>
    internal static string ReasonOf(int code) => code switch
    {
        0 => "",
        >= FirstRejection => ClientHelloRejections.Token((ClientHelloRejection)(code - FirstRejection)),
        _ => ProxyErrors.Of((ProxyError)code).Token,
    };
}
