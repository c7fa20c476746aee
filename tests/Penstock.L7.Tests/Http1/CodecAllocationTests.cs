// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using Penstock.Fuzz;
using Penstock.L7.Http1;

namespace Penstock.L7.Tests.Http1;

public sealed class CodecAllocationTests
{
    [Fact]
    public void Codec_AWholeExchange_AllocatesNothing()
    {
        var request = new ReadOnlySequence<byte>(Corpus.Load().Single(entry => entry.Name == "request-browser.http").Bytes);
        var response = new ReadOnlySequence<byte>(Corpus.Load().Single(entry => entry.Name == "response-ok.http").Bytes);
        var body = new ReadOnlySequence<byte>(Wire.Bytes("5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"));
        ReadOnlySequence<byte> cut = Segments.Cut(request.ToArray(), 100, 300);
        var requestHead = new RequestHead();
        var responseHead = new ResponseHead();
        var decoder = new ChunkedDecoder();
        var output = new ArrayBufferWriter<byte>(1 << 16);
        byte[] end = new byte[256];
        long before = 0;
        for (int round = 0; round < 200; round++)
        {
            if (round == 100)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
            }

            output.ResetWrittenCount();
            requestHead.Reset();
            requestHead.Parse(round % 2 == 0 ? request : cut, Wire.Limits, out _, out _);
            RequestWriter.Write(output, requestHead, new RequestForwarding
            {
                ClientAddress = "192.0.2.1"u8,
                Proto = "http"u8,
                OriginalHost = requestHead.Authority,
                ViaName = "penstock"u8,
                KeepAlive = true,
            });
            responseHead.Reset();
            responseHead.Parse(response, Wire.Limits, HttpMethodKind.Get, out _, out _);
            ResponseWriter.Write(output, responseHead, new ResponseForwarding { ClientVersion = 11, Framing = BodyFraming.Length, ContentLength = 5, KeepAlive = true, ViaName = "penstock"u8 });
            decoder.Start(Wire.Limits);
            ReadOnlySequence<byte> rest = body;
            while (decoder.Read(ref rest, out _) == ChunkStatus.Data)
            {
            }

            ChunkedEncoder.WriteEnd(end, decoder.Trailers);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        decoder.Trailers.ShouldNotBeNull();
    }
}
