// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using Penstock.L7.Http1;

namespace Penstock.L7.Tests.Http1;

public sealed class ChunkedTests
{
    private static (ChunkStatus Status, string Body, string Left) Decode(ref ChunkedDecoder decoder, string text)
    {
        var input = new ReadOnlySequence<byte>(Wire.Bytes(text));
        var body = new ArrayBufferWriter<byte>();
        ChunkStatus status;
        while ((status = decoder.Read(ref input, out ReadOnlySequence<byte> data)) == ChunkStatus.Data)
        {
            body.Write(data.ToArray());
        }

        return (status, Wire.Text(body.WrittenSpan), Wire.Text(input.ToArray()));
    }

    [Theory]
    [InlineData("5\r\nhello\r\n0\r\n\r\nnext", "hello")]
    [InlineData("0000000000000005\r\nhello\r\n000\r\n\r\nnext", "hello")]
    [InlineData("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\nnext", "01234567890123456789")]
    [InlineData("5;a\r\nhello\r\n0\r\n\r\nnext", "hello")]
    [InlineData("5;a=b;c=\"d;\\\"\r\";e\r\nhello\r\n0\r\n\r\nnext", null)]
    [InlineData("5;a=b;c=\"d;\\\"\t\";e\r\nhello\r\n0;z\r\n\r\nnext", "hello")]
    [InlineData("5 ;\ta = b\r\nhello\r\n0\r\n\r\nnext", "hello")]
    [InlineData("2\r\n\r\n\r\n0\r\n\r\nnext", "\r\n")]
    public void Read_WholeBody_GivesDataAndLeavesTheRest(string text, string? expected)
    {
        var decoder = new ChunkedDecoder();
        decoder.Start(Wire.Limits);

        (ChunkStatus status, string body, string rest) = Decode(ref decoder, text);

        status.ShouldBe(expected is null ? ChunkStatus.Rejected : ChunkStatus.Done);
        (expected is null || (body == expected && rest == "next")).ShouldBeTrue();
    }

    [Theory]
    [InlineData("\r\n", nameof(RejectReason.ChunkSizeMalformed))]
    [InlineData(";a\r\n", nameof(RejectReason.ChunkSizeMalformed))]
    [InlineData("0x5\r\n", nameof(RejectReason.ChunkSizeMalformed))]
    [InlineData("-5\r\n", nameof(RejectReason.ChunkSizeMalformed))]
    [InlineData("+5\r\n", nameof(RejectReason.ChunkSizeMalformed))]
    [InlineData(" 5\r\n", nameof(RejectReason.ChunkSizeMalformed))]
    [InlineData("5g\r\n", nameof(RejectReason.ChunkSizeMalformed))]
    [InlineData("5_0\r\n", nameof(RejectReason.ChunkSizeMalformed))]
    [InlineData("5 \r\n", nameof(RejectReason.ChunkExtensionMalformed))]
    [InlineData("5\t\r\n", nameof(RejectReason.ChunkExtensionMalformed))]
    [InlineData("8000000000000000\r\n", nameof(RejectReason.ChunkSizeOverflow))]
    [InlineData("ffffffffffffffff\r\n", nameof(RejectReason.ChunkSizeOverflow))]
    [InlineData("10000000000000000\r\n", nameof(RejectReason.ChunkSizeOverflow))]
    [InlineData("00000000000000005\r\n", nameof(RejectReason.ChunkSizeOverflow))]
    [InlineData("5\n", nameof(RejectReason.BareLf))]
    [InlineData("5\rx", nameof(RejectReason.BareCr))]
    [InlineData("5;a\n", nameof(RejectReason.BareLf))]
    [InlineData("5;a\rb", nameof(RejectReason.BareCr))]
    [InlineData("5;a=\"\n\"\r\n", nameof(RejectReason.BareLf))]
    [InlineData("5;\r\n", nameof(RejectReason.ChunkExtensionMalformed))]
    [InlineData("5;a;\r\n", nameof(RejectReason.ChunkExtensionMalformed))]
    [InlineData("5;a=\r\n", nameof(RejectReason.ChunkExtensionMalformed))]
    [InlineData("5;=b\r\n", nameof(RejectReason.ChunkExtensionMalformed))]
    [InlineData("5;a b\r\n", nameof(RejectReason.ChunkExtensionMalformed))]
    [InlineData("5;a \r\n", nameof(RejectReason.ChunkExtensionMalformed))]
    [InlineData("5;a=b c\r\n", nameof(RejectReason.ChunkExtensionMalformed))]
    [InlineData("5;a=\"b\"c\r\n", nameof(RejectReason.ChunkExtensionMalformed))]
    [InlineData("5;a=\"b\r\n", nameof(RejectReason.ChunkExtensionMalformed))]
    [InlineData("5;a=\0\r\n", nameof(RejectReason.ChunkExtensionMalformed))]
    [InlineData("5;\xe4\r\n", nameof(RejectReason.ChunkExtensionMalformed))]
    [InlineData("5\r\nhello\n", nameof(RejectReason.ChunkDataUnterminated))]
    [InlineData("5\r\nhello\rx", nameof(RejectReason.ChunkDataUnterminated))]
    [InlineData("5\r\nhello!\r\n", nameof(RejectReason.ChunkDataUnterminated))]
    [InlineData("0\r\n\n", nameof(RejectReason.BareLf))]
    [InlineData("0\r\nX: a\n", nameof(RejectReason.BareLf))]
    [InlineData("0\r\nX : a\r\n", nameof(RejectReason.SpaceBeforeColon))]
    [InlineData("0\r\nX: a\r\n b\r\n", nameof(RejectReason.ObsFold))]
    [InlineData("0\r\nX: \0\r\n", nameof(RejectReason.Nul))]
    public void Read_BrokenCoding_IsRejected(string text, string expected)
    {
        var decoder = new ChunkedDecoder();
        decoder.Start(Wire.Limits);

        Decode(ref decoder, text).Status.ShouldBe(ChunkStatus.Rejected);

        decoder.Rejection.ToString().ShouldBe(expected);
    }

    [Fact]
    public void Read_ExtensionsOutOfProportion_AreRejectedOverTheWholeBody()
    {
        var decoder = new ChunkedDecoder();
        decoder.Start(Wire.Limits);
        string chunk = "1;a=" + new string('x', 1000) + "\r\n!\r\n";

        Decode(ref decoder, string.Concat(Enumerable.Repeat(chunk, 16))).Status.ShouldBe(ChunkStatus.NeedMore);
        Decode(ref decoder, chunk + chunk).Status.ShouldBe(ChunkStatus.Rejected);

        decoder.Rejection.ShouldBe(RejectReason.ChunkOverhead);
    }

    [Fact]
    public void Read_LargeChunksWithExtensions_AreAccepted()
    {
        var decoder = new ChunkedDecoder();
        decoder.Start(Wire.Limits);
        string chunk = "1000;signature=" + new string('x', 64) + "\r\n" + new string('d', 4096) + "\r\n";

        Decode(ref decoder, string.Concat(Enumerable.Repeat(chunk, 500)) + "0\r\n\r\n").Status.ShouldBe(ChunkStatus.Done);
    }

    [Fact]
    public void Trailers_ForwardedAgain_WithoutTheForbiddenOnes()
    {
        var decoder = new ChunkedDecoder();
        decoder.Start(Wire.Limits);
        Decode(ref decoder, "0\r\nX-Sum:  1 \r\nContent-Length: 5\r\nHost: b\r\nAuthorization: x\r\nSet-Cookie: y\r\nIf-Match: z\r\nX-Forwarded-For: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\ngrpc-status: 0\r\n\r\n")
            .Status.ShouldBe(ChunkStatus.Done);
        byte[] output = new byte[ChunkedEncoder.MaxEndLength(decoder.Trailers)];

        int written = ChunkedEncoder.WriteEnd(output, decoder.Trailers);

        Wire.Text(output.AsSpan(0, written)).ShouldBe("0\r\nX-Sum: 1\r\ngrpc-status: 0\r\n\r\n");
    }

    [Fact]
    public void Release_AfterTrailersLongerThanItsOwnRoom_KeepsNothing()
    {
        var decoder = new ChunkedDecoder();
        decoder.Start(Wire.Limits);
        Decode(ref decoder, "0\r\nX-Sum: " + new string('1', 4000) + "\r\n\r\n").Status.ShouldBe(ChunkStatus.Done);
        TrailerSection trailers = decoder.Trailers.ShouldNotBeNull();

        decoder.Release();

        decoder.Trailers.ShouldBeNull();
        trailers.Bytes.Length.ShouldBe(0);
    }

    [Theory]
    [InlineData(1, "1\r\n")]
    [InlineData(65536, "10000\r\n")]
    [InlineData(long.MaxValue, "7fffffffffffffff\r\n")]
    public void WriteHeader_Size_IsHexadecimal(long size, string expected)
    {
        byte[] output = new byte[ChunkedEncoder.MaxHeaderLength];

        Wire.Text(output.AsSpan(0, ChunkedEncoder.WriteHeader(output, size))).ShouldBe(expected);
    }

    [Fact]
    public void WriteHeader_EmptyChunk_IsRefused() => Should.Throw<ArgumentOutOfRangeException>(() => ChunkedEncoder.WriteHeader(new byte[32], 0));
}
