// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using Penstock.L7.Http1;

namespace Penstock.Micro;

/// <summary>
/// The codec on one exchange: a browser's request of eleven fields and nginx's answer. A proxied request has about 1.2 us of user
/// space in all; to reach here: request head 250 ns, response head 200 ns, writing each 150 ns, nothing allocated.
/// </summary>
[MemoryDiagnoser]
public class CodecBenchmarks
{
    private static readonly HeadLimits s_limits = new(8192, 32768, 100);

    private readonly RequestHead _request = new();
    private readonly ResponseHead _response = new();
    private readonly ArrayBufferWriter<byte> _output = new(4096);
    private readonly ReadOnlySequence<byte> _requestBytes = Sequence(
        """
        GET /index.html?x=1 HTTP/1.1
        Host: shop.example.com
        User-Agent: Mozilla/5.0 (X11; Linux x86_64)
        Accept: text/html,application/xml;q=0.9,*/*;q=0.8
        Accept-Encoding: gzip, deflate, br
        Accept-Language: en-GB,en;q=0.9
        Referer: https://shop.example.com/
        Cookie: session=0123456789abcdef
        Cache-Control: max-age=0
        Upgrade-Insecure-Requests: 1
        Connection: keep-alive
        """);

    private readonly ReadOnlySequence<byte> _responseBytes = Sequence(
        """
        HTTP/1.1 200 OK
        Server: nginx/1.22.1
        Date: Sun, 06 Nov 1994 08:49:37 GMT
        Content-Type: text/html
        Content-Length: 1024
        Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT
        Connection: keep-alive
        ETag: "6345-400"
        Accept-Ranges: bytes
        """);

    private readonly ReadOnlySequence<byte> _chunks = new("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"u8.ToArray());
    private ChunkedDecoder _decoder;

    /// <summary>Heads to write.</summary>
    [GlobalSetup]
    public void Setup()
    {
        ParseRequest();
        ParseResponse();
    }

    /// <summary>Request head in.</summary>
    [Benchmark]
    public bool ParseRequest()
    {
        _request.Reset();
        return _request.Parse(_requestBytes, s_limits, out _, out _) == ParseStatus.Done;
    }

    /// <summary>Request head out.</summary>
    [Benchmark]
    public int WriteRequest()
    {
        _output.ResetWrittenCount();
        return RequestWriter.Write(_output, _request, new RequestForwarding
        {
            ClientAddress = "192.0.2.1"u8,
            Proto = "http"u8,
            OriginalHost = _request.Authority,
            RequestId = "0123456789abcdef0123456789abcdef"u8,
            ViaName = "penstock"u8,
            KeepAlive = true,
        });
    }

    /// <summary>Response head in.</summary>
    [Benchmark]
    public bool ParseResponse()
    {
        _response.Reset();
        return _response.Parse(_responseBytes, s_limits, HttpMethodKind.Get, out _, out _) == ParseStatus.Done;
    }

    /// <summary>Response head out.</summary>
    [Benchmark]
    public int WriteResponse()
    {
        _output.ResetWrittenCount();
        return ResponseWriter.Write(_output, _response, new ResponseForwarding
        {
            ClientVersion = 11,
            Framing = _response.Framing,
            ContentLength = _response.ContentLength,
            KeepAlive = true,
            ViaName = "penstock"u8,
        });
    }

    /// <summary>A body of two chunks.</summary>
    [Benchmark]
    public bool DecodeChunks()
    {
        _decoder.Start(s_limits);
        ReadOnlySequence<byte> input = _chunks;
        ChunkStatus status;
        do
        {
            status = _decoder.Read(ref input, out _);
        }
        while (status == ChunkStatus.Data);

        return status == ChunkStatus.Done;
    }

    private static ReadOnlySequence<byte> Sequence(string head) => new(Encoding.ASCII.GetBytes(head.ReplaceLineEndings("\r\n") + "\r\n\r\n"));
}
