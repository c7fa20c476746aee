// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text;
using Penstock.L7.Grpc;
using Penstock.L7.Http1;

namespace Penstock.L7.Tests.Grpc;

/// <summary>The codings of gRPC-Web.</summary>
public sealed class GrpcWebTests
{
    private static readonly HeadLimits s_limits = new(1024, 1024, 10);

    [Theory]
    [InlineData("", "")]
    [InlineData("QUJDREU=", "ABCDE")]
    [InlineData("aGVsbG8=IHdvcmxkaA==", "hello worldh")]
    [InlineData("YQ==Yg==Yw==", "abc")]
    [InlineData("aGVs", "hel")]
    public void Decode_TextCutAnywhere_GivesItsContent(string letters, string content)
    {
        var bytes = Encoding.ASCII.GetBytes(letters);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var text = new GrpcWebText();
            var to = new byte[GrpcWebText.MaxDecodedLength(bytes.Length) + GrpcWebText.MaxDecodedLength(0)];

            var length = text.Decode(new ReadOnlySequence<byte>(bytes, 0, cut), to);
            length += text.Decode(new ReadOnlySequence<byte>(bytes, cut, bytes.Length - cut), to.AsSpan(length));

            Encoding.Latin1.GetString(to, 0, length).ShouldBe(content, $"cut at {cut}");
            text.IsWhole.ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData("!!!!")]
    [InlineData("=AAA")]
    [InlineData("AA=A")]
    [InlineData("A===")]
    [InlineData("AAAA-_-_")]
    public void Decode_NotBase64_IsRefused(string letters)
    {
        var bytes = Encoding.ASCII.GetBytes(letters);

        new GrpcWebText().Decode(new ReadOnlySequence<byte>(bytes), new byte[GrpcWebText.MaxDecodedLength(bytes.Length)]).ShouldBe(-1);
    }

    /// <summary>However it comes: where it is cut is the network's choice.</summary>
    [Theory]
    [InlineData("QUJD\r\nREUx\r\n")]
    [InlineData("QUJDREUx\r\n\r\n")]
    [InlineData("QUJDREUx\n")]
    [InlineData("QU JD RE U=")]
    [InlineData("QUJD    ")]
    [InlineData("    ")]
    [InlineData("QUI=\tQUI=")]
    [InlineData("QUI=\t\t\t\tQUI=")]
    [InlineData("QQ=\n=QUJD")]
    [InlineData("QUJDQUJ-")]
    [InlineData("QUJDQ===")]
    [InlineData("QUJD=QUJ")]
    [InlineData("QUJDR")]
    public void Decode_WhatIsNoBase64_IsRefusedWhereverItIsCut(string letters)
    {
        var bytes = Encoding.ASCII.GetBytes(letters);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var text = new GrpcWebText();
            var to = new byte[GrpcWebText.MaxDecodedLength(bytes.Length)];

            var isRefused = text.Decode(new ReadOnlySequence<byte>(bytes, 0, cut), to) < 0
                || text.Decode(new ReadOnlySequence<byte>(bytes, cut, bytes.Length - cut), to) < 0
                || !text.IsWhole;

            isRefused.ShouldBeTrue($"cut at {cut}");
        }
    }

    [Fact]
    public void Decode_HalfAGroup_IsNotWhole()
    {
        var text = new GrpcWebText();

        text.Decode(new ReadOnlySequence<byte>("AAAAAA"u8.ToArray()), new byte[9]).ShouldBe(3);
        text.IsWhole.ShouldBeFalse();
        text.Start();
        text.IsWhole.ShouldBeTrue();
    }

    [Fact]
    public void Encode_AnyContent_IsDecodedToIt()
    {
        var random = new Random(64);
        for (var round = 0; round < 200; round++)
        {
            var content = new byte[random.Next(0, 300)];
            random.NextBytes(content);
            var sequence = new ReadOnlySequence<byte>(content);
            var letters = new byte[GrpcWebText.MaxEncodedLength(sequence)];
            var length = GrpcWebText.Encode(sequence, letters);
            var decoded = new byte[GrpcWebText.MaxDecodedLength(length)];

            decoded[..new GrpcWebText().Decode(new ReadOnlySequence<byte>(letters, 0, length), decoded)].ShouldBe(content);
        }
    }

    [Fact]
    public void Bounds_OfMessagesCutAnywhere_AreFound()
    {
        byte[] content = [0, 0, 0, 0, 2, 7, 7, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, .. new byte[257]];
        int[] bounds = [0, 7, 12, content.Length];
        for (var cut = 0; cut <= content.Length; cut++)
        {
            var messages = default(GrpcMessageBounds);
            messages.Follow(new ReadOnlySequence<byte>(content, 0, cut));
            messages.IsBetween.ShouldBe(bounds.Contains(cut), $"behind {cut} bytes");
            messages.Follow(new ReadOnlySequence<byte>(content, cut, content.Length - cut));
            messages.IsBetween.ShouldBeTrue($"cut at {cut}");
        }
    }

    [Fact]
    public void WriteTrailers_Fields_AreLinesInLowerCase()
    {
        var trailers = new TrailerSection();
        trailers.Parse(new ReadOnlySequence<byte>("Grpc-Status: 0\r\nX-SUM:4\r\nContent-Length: 1\r\n\r\n"u8.ToArray()), s_limits, out _, out _).ShouldBe(ParseStatus.Done);

        Frame(trailers).ShouldBe("\u0080\0\0\0\u001agrpc-status: 0\r\nx-sum: 4\r\n");
    }

    [Fact]
    public void WriteTrailers_None_IsAnEmptyFrame() => Frame(trailers: null).ShouldBe("\u0080\0\0\0\0");

    private static string Frame(TrailerSection? trailers)
    {
        var to = new byte[GrpcWeb.MaxLength(trailers)];
        return Encoding.Latin1.GetString(to, 0, GrpcWeb.WriteTrailers(to, trailers));
    }
}
