// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.Fuzz;

/// <summary>Makes streams that are nearly valid: entries of a corpus, spliced, cut, repeated, and peppered with what parsers stumble over.</summary>
internal sealed class Mutator(IReadOnlyList<byte[]> corpus, Random random)
{
    private static readonly byte[][] s_spice =
    [
        .. new[]
        {
            "\r\n", "\n", "\r", "\r\n\r\n", "\n\n", "\r\r\n", " ", "\t", "  ", "\0", "\x7f", "\x80", "\xff", "\v", "\f", "\x1b", ":", ";", ",", "\"", "\\", "=", "#", "?", "%", "%00", "%2e",
            "/", "//", "..", "@", "*", "[", "]", "[::1]", ":80", ":0", ":65536", "_", "-", "0", "1", "9", "a", "F", "00", "0x", "+", "-1", "7fffffffffffffff", "8000000000000000", "10000000000000000",
            "ffffffffffffffff", "9223372036854775807", "18446744073709551618", "999999999999999999", "chunked", "Chunked", "identity", "gzip, ", "close", "keep-alive", "upgrade", "h2c", "websocket", "te", "trailers",
            "Host: a\r\n", "Host: b:8080\r\n", "Content-Length: 5\r\n", "Content-Length: 0\r\n", "Content-Length:5\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding:\tchunked \r\n",
            "Connection: close\r\n", "Connection: keep-alive, x-a\r\n", "Connection: host, content-length, via\r\n", "Connection: upgrade\r\nUpgrade: websocket\r\n", "Upgrade: h2c\r\n", "Expect: 100-continue\r\n",
            "TE: trailers\r\n", "Trailer: x-t\r\n", "X-Forwarded-For: 1.2.3.4\r\n", "X-Forwarded-Host: evil\r\n", "X_Forwarded_For: 6.6.6.6\r\n", "Forwarded: for=6.6.6.6\r\n", "Via: 1.0 x\r\n", "X-A: b\r\n", "X-A:\r\n", " folded\r\n",
            "0\r\n\r\n", "5\r\nhello\r\n", "5;a=b\r\nhello\r\n", "5 ; a = \"q\\\"\"\r\nhello\r\n", "0\r\nX-T: y\r\n\r\n", "5\nhello\n", "HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HEAD", "OPTIONS * ", "CONNECT a:443 ", "http://h/p", "https://h?q", "100", "101", "204", "304",
        }.Select(Encoding.Latin1.GetBytes),
    ];

    /// <summary>The next stream, of at most 8 KiB.</summary>
    public byte[] Next()
    {
        var bytes = new List<byte>(corpus[random.Next(corpus.Count)]);
        do
        {
            Mutate(bytes);
        }
        while (random.Next(3) == 0);

        return bytes.Count > 8192 ? [.. bytes[..8192]] : [.. bytes];
    }

    private void Mutate(List<byte> bytes)
    {
        int at = random.Next(bytes.Count + 1);
        int length = Math.Min(random.Next(1, 24), bytes.Count - at);
        switch (random.Next(9))
        {
            case 0 when at < bytes.Count:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5:
                byte[] other = corpus[random.Next(corpus.Count)];
                bytes.InsertRange(at, other[random.Next(other.Length)..]);
                break;
            case 6:
                bytes.InsertRange(LineStart(bytes, at), s_spice[random.Next(s_spice.Length)]);
                break;
            default:
                bytes.InsertRange(at, s_spice[random.Next(s_spice.Length)]);
                break;
        }
    }

    private static int LineStart(List<byte> bytes, int at)
    {
        int newline = at == 0 ? -1 : bytes.LastIndexOf((byte)'\n', at - 1);
        return newline + 1;
    }
}
