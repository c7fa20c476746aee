// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text;
using Penstock.L7.Http1;

namespace Penstock.L7.Tests.Http1;

/// <summary>Between text and what the codec reads and writes.</summary>
internal static class Wire
{
    /// <summary>Limits no test message comes near.</summary>
    public static HeadLimits Limits { get; } = new(8192, 32768, 100);

    /// <summary>Text as Latin-1 bytes.</summary>
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>Latin-1 bytes as text.</summary>
    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    /// <summary>The head of a request that must be valid.</summary>
    public static RequestHead Request(string text)
    {
        var head = new RequestHead();
        head.Parse(new ReadOnlySequence<byte>(Bytes(text)), Limits, out _, out _).ShouldBe(ParseStatus.Done, head.Rejection.Token());
        return head;
    }

    /// <summary>The head of a response that must be valid.</summary>
    public static ResponseHead Response(string text, HttpMethodKind method = HttpMethodKind.Get)
    {
        var head = new ResponseHead();
        head.Parse(new ReadOnlySequence<byte>(Bytes(text)), Limits, method, out _, out _).ShouldBe(ParseStatus.Done, head.Rejection.Token());
        return head;
    }
}
