// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Penstock.Linux.Tls;

namespace Penstock.L7.ProxyProtocol;

/// <summary>What a v2 header says of a client beside its addresses (haproxy's proxy-protocol.txt, section 2.2): taken from one that came, or from the TLS that ends here.</summary>
internal static class ProxyValues
{
    /// <summary>Most bytes of them that a connection holds for as long as it lives. Endpoints are told 1662 at most, and the access log gets what room is left, which is more than a record takes.</summary>
    internal const int MaxKeptLength = 2048;

    /// <summary>PP2_CLIENT_SSL, PP2_CLIENT_CERT_CONN and PP2_CLIENT_CERT_SESS, and the result of verification.</summary>
    private const int SslFixedLength = 5;

    private const int ValueHeaderLength = 3;
    private const byte HasTls = 0x01;
    private const byte HasShownCertificate = 0x02;
    private const byte HasCertificate = 0x04;

    /// <summary>Takes the values out of a header that came, up to <see cref="MaxKeptLength"/>; those that are longer than is ever told are left out, and stand in the log alone.</summary>
    /// <param name="bytes">The header.</param>
    /// <param name="header">What it says.</param>
    /// <param name="leftOut">How many values are not told, not logged, or neither, as they are too long.</param>
    /// <returns>An identity without addresses.</returns>
    internal static ClientIdentity Read(ReadOnlySpan<byte> bytes, in ProxyHeader header, out int leftOut)
    {
        leftOut = 0;
        var uniqueId = Take(ProxyHeaderParser.MaxUniqueIdLength, bytes[header.UniqueId], ref leftOut);
        var alpn = Take(ProxyHeaderWriter.MaxValueLength, bytes[header.Alpn], ref leftOut);
        var authority = Take(ProxyHeaderWriter.MaxValueLength, bytes[header.Authority], ref leftOut);
        var ssl = Take(ProxyHeaderWriter.MaxSslLength, bytes[header.Ssl], ref leftOut);
        var room = MaxKeptLength - uniqueId.Length - alpn.Length - authority.Length - ssl.Length;
        return new ClientIdentity
        {
            UniqueId = uniqueId,
            Alpn = alpn,
            Authority = authority,
            Ssl = ssl,
            Said = Encoding.ASCII.GetBytes(TextOf(bytes, header, room, ref leftOut)),
        };
    }

    /// <summary>Adds what a session that ends here knows of its client, in place of what others have said.</summary>
    internal static ClientIdentity AddTo(ClientIdentity client, TlsSession session) => client with
    {
        Alpn = UpTo(ProxyHeaderWriter.MaxValueLength, session.Protocol),
        Authority = UpTo(ProxyHeaderWriter.MaxValueLength, session.ServerName),
        Ssl = SslOf(session),
    };

    private static byte[] Take(int most, ReadOnlySpan<byte> value, ref int leftOut)
    {
        if (value.Length > most)
            leftOut++;
        return UpTo(most, value);
    }

    private static byte[] UpTo(int length, ReadOnlySpan<byte> value) => value.Length <= length ? value.ToArray() : [];

    private static byte[] SslOf(TlsSession session)
    {
        var certificate = session.PeerCertificate();
        var value = new List<byte> { HasTls, 0, 0, 0, 0 };
        if (certificate is null)
            value[SslFixedLength - 1] = 1; // Not 0: nothing was verified.
        else
            value[0] |= session.IsResumed ? HasCertificate : (byte)(HasCertificate | HasShownCertificate);
        Add(value, ProxyValueType.SslVersion, session.Version);
        Add(value, ProxyValueType.SslCipher, session.Cipher);
        if (certificate is not null)
            Add(value, ProxyValueType.SslCommonName, Encoding.UTF8.GetBytes(CommonNameOf(certificate)));
        return [.. value];
    }

    private static string CommonNameOf(TlsPeerCertificate certificate)
    {
        try
        {
            using var parsed = X509CertificateLoader.LoadCertificate(certificate.Der);
            foreach (var name in parsed.SubjectName.EnumerateRelativeDistinguishedNames())
            {
                if (!name.HasMultipleElements && name.GetSingleElementType().Value == "2.5.4.3")
                    return name.GetSingleElementValue() ?? "";
            }
        }
        catch (CryptographicException)
        {
            // A subject that cannot be read has no name to tell.
        }

        return "";
    }

    private static void Add(List<byte> to, ProxyValueType type, ReadOnlySpan<byte> value)
    {
        if (value.Length is 0 or > ProxyHeaderWriter.MaxValueLength)
            return;
        to.AddRange([(byte)type, 0, (byte)value.Length]);
        to.AddRange(value);
    }

    private static string TextOf(ReadOnlySpan<byte> bytes, in ProxyHeader header, int room, ref int leftOut)
    {
        var text = new StringBuilder();
        Append(text, "authority", bytes[header.Authority], room, ref leftOut);
        Append(text, "alpn", bytes[header.Alpn], room, ref leftOut);
        var ssl = bytes[header.Ssl];
        if (ssl.Length >= SslFixedLength && (ssl[0] & HasTls) != 0)
        {
            Append(text, "ssl", ValueOf(ssl[SslFixedLength..], ProxyValueType.SslVersion), room, ref leftOut);
            Append(text, "ssl_cn", ValueOf(ssl[SslFixedLength..], ProxyValueType.SslCommonName), room, ref leftOut);
        }

        Append(text, "unique_id", bytes[header.UniqueId], room, ref leftOut);
        return text.ToString();
    }

    private static ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> values, ProxyValueType type)
    {
        while (values.Length >= ValueHeaderLength)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(values[1..]);
            if (length > values.Length - ValueHeaderLength)
                return default;
            if (values[0] == (byte)type)
                return values.Slice(ValueHeaderLength, length);
            values = values[(ValueHeaderLength + length)..];
        }

        return default;
    }

    // Printable as it is, else in hexadecimal; whole, or not at all.
    private static void Append(StringBuilder text, string name, ReadOnlySpan<byte> value, int room, ref int leftOut)
    {
        if (value.IsEmpty)
            return;
        var isPlain = !value.ContainsAnyExceptInRange((byte)'!', (byte)'~');
        var separator = text.Length > 0 ? " " : "";
        var length = separator.Length + name.Length + 1 + (isPlain ? value.Length : 2 + (2 * value.Length));
        if (length > room - text.Length)
        {
            leftOut++;
            return;
        }

        text.Append(separator).Append(name).Append('=').Append(isPlain ? Encoding.ASCII.GetString(value) : "0x" + Convert.ToHexStringLower(value));
    }
}
