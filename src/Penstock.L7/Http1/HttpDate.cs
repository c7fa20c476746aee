// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;

namespace Penstock.L7.Http1;

/// <summary>The time as an IMF-fixdate (RFC 9110 section 5.6.7), written anew once a second. One for each reactor; not for several threads.</summary>
internal sealed class HttpDate(TimeProvider time)
{
    private readonly byte[] _text = new byte[29];
    private long _second = -1;

    /// <summary><c>Sun, 06 Nov 1994 08:49:37 GMT</c>; valid until the next call.</summary>
    public ReadOnlySpan<byte> Now()
    {
        DateTimeOffset now = time.GetUtcNow();
        long second = now.UtcTicks / TimeSpan.TicksPerSecond;
        if (second != _second)
        {
            Utf8Formatter.TryFormat(now, _text, out _, 'R');
            _second = second;
        }

        return _text;
    }
}
