// SPDX-License-Identifier: Apache-2.0
using System.Buffers;

namespace Penstock.Http2.Tests;

public sealed class Http2PrefaceTests
{
    [Fact]
    public void Matches_EveryCut_IsWholeAtTheEndAlone()
    {
        byte[] input = [.. Http2Preface.Bytes, 0];
        for (var length = 0; length <= input.Length; length++)
        {
            Http2Preface.Matches(new ReadOnlySequence<byte>(input, 0, length), out var isWhole).ShouldBeTrue($"{length} bytes");
            isWhole.ShouldBe(length >= Http2Preface.Length, $"{length} bytes");
        }
    }

    [Fact]
    public void Matches_AnotherByteAnywhere_IsNone()
    {
        for (var at = 0; at < Http2Preface.Length; at++)
        {
            var input = Http2Preface.Bytes.ToArray();
            input[at] ^= 1;
            Http2Preface.Matches(new ReadOnlySequence<byte>(input, 0, at), out _).ShouldBeTrue($"before byte {at}");
            Http2Preface.Matches(new ReadOnlySequence<byte>(input, 0, at + 1), out var isWhole).ShouldBeFalse($"byte {at}");
            isWhole.ShouldBeFalse();
        }
    }
}
