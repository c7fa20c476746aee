// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Text;
using Penstock.Model.Observability;

namespace Penstock.Telemetry.AccessLogging;

/// <summary>A compiled access log format. Both forms are a row of literal text and fields; JSON is the row with every field and its key. Used by one thread; allocates nothing.</summary>
internal sealed class LineFormatter
{
    /// <summary>What one byte of a value becomes at most: <c>\u00HH</c>.</summary>
    private const int MaxExpansion = 6;

    private const int MaxNumberBytes = 20;

    private readonly bool _isJson;
    private readonly (byte[] Before, AccessLogField Field)[] _parts;
    private readonly byte[] _tail;
    private readonly byte[] _second = "0000-00-00T00:00:00."u8.ToArray();
    private long _secondShown = long.MinValue;

    /// <summary>Compiles a format.</summary>
    public LineFormatter(AccessLogFormat format)
    {
        _isJson = format.IsJson;
        var parts = new List<(byte[] Before, AccessLogField Field)>();
        var literal = new StringBuilder();
        if (_isJson)
        {
            foreach (var field in Enum.GetValues<AccessLogField>())
                parts.Add((Encoding.UTF8.GetBytes($"{(parts.Count == 0 ? '{' : ',')}\"{AccessLogFields.Name(field)}\":"), field));

            literal.Append('}');
        }

        foreach (var segment in format.Segments)
        {
            literal.Append(segment.Text);
            if (segment.Text is not null)
                continue;

            parts.Add((Encoding.UTF8.GetBytes(literal.ToString()), segment.Field));
            literal.Clear();
        }

        _parts = [.. parts];
        _tail = Encoding.UTF8.GetBytes(literal.Append('\n').ToString());
        MaxLineBytes = _tail.Length + _parts.Sum(p => p.Before.Length + 2 + MaxValueBytes(p.Field));
    }

    /// <summary>Most bytes a line can take, newline included.</summary>
    public int MaxLineBytes { get; }

    /// <summary>Writes a line, newline included.</summary>
    /// <param name="entry">The request.</param>
    /// <param name="buffer">At least <see cref="MaxLineBytes"/>.</param>
    /// <returns>Bytes written.</returns>
    public int Format(AccessLogEntry entry, Span<byte> buffer)
    {
        var writer = new LineWriter(buffer);
        foreach (var (before, field) in _parts)
        {
            writer.Raw(before);
            Write(ref writer, entry, field);
        }

        writer.Raw(_tail);
        return writer.Length;
    }

    private static int MaxValueBytes(AccessLogField field) => MaxExpansion * field switch
    {
        AccessLogField.Target => AccessLogRing.MaxTargetBytes,
        AccessLogField.Referer => AccessLogRing.MaxRefererBytes,
        AccessLogField.UserAgent => AccessLogRing.MaxUserAgentBytes,
        _ => Math.Max(AccessLogRing.MaxFieldBytes, MaxNumberBytes),
    };

    private static ReadOnlySpan<byte> Protocol(int version) => version switch
    {
        11 => "HTTP/1.1"u8,
        10 => "HTTP/1.0"u8,
        20 => "HTTP/2.0"u8,
        _ => default,
    };

    private void Write(ref LineWriter writer, AccessLogEntry entry, AccessLogField field)
    {
        switch (field)
        {
            case AccessLogField.Time: Time(ref writer, entry.StartUnixMicroseconds); break;
            case AccessLogField.ClientAddress: Address(ref writer, entry.ClientAddress); break;
            case AccessLogField.ClientPort: writer.Number(entry.ClientPort); break;
            case AccessLogField.Method: String(ref writer, entry.Method); break;
            case AccessLogField.Target: String(ref writer, entry.Target); break;
            case AccessLogField.Protocol: String(ref writer, Protocol(entry.HttpVersion)); break;
            case AccessLogField.Host: String(ref writer, entry.Host); break;
            case AccessLogField.Status: writer.Number(entry.Status); break;
            case AccessLogField.Reason: String(ref writer, entry.Reason); break;
            case AccessLogField.RequestBytes: writer.Number(entry.RequestBodyBytes); break;
            case AccessLogField.ResponseBytes: writer.Number(entry.ResponseBodyBytes); break;
            case AccessLogField.DurationUs: writer.Number(entry.DurationMicroseconds); break;
            case AccessLogField.UpstreamUs when entry.UpstreamMicroseconds < 0: writer.Raw(_isJson ? "null"u8 : "-"u8); break;
            case AccessLogField.UpstreamUs: writer.Number(entry.UpstreamMicroseconds); break;
            case AccessLogField.Attempts: writer.Number(entry.Attempts); break;
            case AccessLogField.Listener: String(ref writer, entry.Listener); break;
            case AccessLogField.Route: String(ref writer, entry.Route); break;
            case AccessLogField.Cluster: String(ref writer, entry.Cluster); break;
            case AccessLogField.Endpoint: String(ref writer, entry.Endpoint); break;
            case AccessLogField.RequestId: String(ref writer, entry.RequestId); break;
            case AccessLogField.Referer: String(ref writer, entry.Referer); break;
            case AccessLogField.UserAgent: String(ref writer, entry.UserAgent); break;
            case AccessLogField.ProxyValues: String(ref writer, entry.ProxyValues); break;
            default: throw new UnreachableException();
        }
    }

    private void String(ref LineWriter writer, ReadOnlySpan<byte> value)
    {
        if (!_isJson)
        {
            writer.Text(value);
            return;
        }

        writer.Byte((byte)'"');
        writer.Json(value);
        writer.Byte((byte)'"');
    }

    private void Address(ref LineWriter writer, ReadOnlySpan<byte> address)
    {
        if (!_isJson && address.IsEmpty)
        {
            writer.Byte((byte)'-');
            return;
        }

        Quote(ref writer);
        writer.Address(address);
        Quote(ref writer);
    }

    private void Time(ref LineWriter writer, long unixMicroseconds)
    {
        var second = Math.DivRem(unixMicroseconds, 1_000_000, out var fraction);
        if (second != _secondShown)
        {
            DateTimeOffset.FromUnixTimeSeconds(second).UtcDateTime.TryFormat(_second, out _, "yyyy-MM-dd'T'HH:mm:ss'.'");
            _secondShown = second;
        }

        Quote(ref writer);
        writer.Raw(_second);
        Span<byte> digits = stackalloc byte[6];
        for (var i = digits.Length - 1; i >= 0; i--)
        {
            digits[i] = (byte)('0' + (fraction % 10));
            fraction /= 10;
        }

        writer.Raw(digits);
        writer.Byte((byte)'Z');
        Quote(ref writer);
    }

    private void Quote(ref LineWriter writer)
    {
        if (_isJson)
            writer.Byte((byte)'"');
    }
}
