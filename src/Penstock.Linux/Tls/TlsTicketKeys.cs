// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;

namespace Penstock.Linux.Tls;

/// <summary>
/// Keys that session tickets are enciphered with (RFC 5077 section 4, RFC 8446 section 4.6.1): the first for new tickets, all for those that
/// come back. Either given, or made here and replaced from time to time. Any thread.
/// </summary>
public sealed unsafe class TlsTicketKeys
{
    /// <summary>Bytes of one key: a name, then the keys of HMAC-SHA-256 and AES-256.</summary>
    public const int KeyBytes = NameBytes + MacBytes + CipherBytes;

    private const int NameBytes = 16;
    private const int MacBytes = 32;
    private const int CipherBytes = 32;
    private const int VectorBytes = 16;

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly TimeSpan _period; // zero: they are given
    private readonly Lock _replacing = new();
    private byte[][] _keys;
    private long _madeAt;

    /// <summary>Keys that are given, of <see cref="KeyBytes"/> each.</summary>
    public TlsTicketKeys(IEnumerable<byte[]> keys) => _keys = [.. keys];

    /// <summary>Keys made here.</summary>
    /// <param name="period">How long one is used for new tickets; after that it is good for those there are for as long again.</param>
    /// <param name="time">The clock.</param>
    public TlsTicketKeys(TimeSpan period, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        (_time, _period) = (time, period);
        _keys = [RandomNumberGenerator.GetBytes(KeyBytes)];
        _madeAt = time.GetTimestamp();
    }

    /// <summary>A new ticket.</summary>
    internal int Begin(byte* name, byte* vector, nint cipher, nint mac)
    {
        Replace();
        fixed (byte* key = Volatile.Read(ref _keys)[0])
        {
            new ReadOnlySpan<byte>(key, NameBytes).CopyTo(new Span<byte>(name, NameBytes));
            return Libcrypto.RAND_bytes(vector, VectorBytes) == 1
                && Libcrypto.EVP_EncryptInit_ex(cipher, Libcrypto.EVP_aes_256_cbc(), 0, key + NameBytes + MacBytes, vector) == 1
                && SetMac(mac, key) ? 1 : -1;
        }
    }

    /// <summary>A ticket that came back: 0 where its key is not known, 2 where it is not the newest.</summary>
    internal int Find(byte* name, byte* vector, nint cipher, nint mac)
    {
        Replace();
        var keys = Volatile.Read(ref _keys);
        for (var i = 0; i < keys.Length; i++)
        {
            fixed (byte* key = keys[i])
            {
                if (!new ReadOnlySpan<byte>(key, NameBytes).SequenceEqual(new ReadOnlySpan<byte>(name, NameBytes)))
                    continue;
                var ok = SetMac(mac, key) && Libcrypto.EVP_DecryptInit_ex(cipher, Libcrypto.EVP_aes_256_cbc(), 0, key + NameBytes + MacBytes, vector) == 1;
                return !ok ? -1 : i == 0 ? 1 : 2;
            }
        }

        return 0;
    }

    private static bool SetMac(nint mac, byte* key)
    {
        const uint utf8Text = 4, octets = 5; // OSSL_PARAM_UTF8_STRING, OSSL_PARAM_OCTET_STRING
        fixed (byte* keyName = "key\0"u8, digestName = "digest\0"u8, sha256 = "SHA256\0"u8)
        {
            var parameters = stackalloc Libcrypto.Parameter[3];
            parameters[0] = new Libcrypto.Parameter { Key = keyName, Type = octets, Data = key + NameBytes, Size = MacBytes };
            parameters[1] = new Libcrypto.Parameter { Key = digestName, Type = utf8Text, Data = sha256, Size = 6 };
            parameters[2] = default;
            return Libcrypto.EVP_MAC_CTX_set_params(mac, parameters) == 1;
        }
    }

    private void Replace()
    {
        if (_period == TimeSpan.Zero || _time.GetElapsedTime(Volatile.Read(ref _madeAt)) < _period)
            return;
        lock (_replacing)
        {
            var since = _time.GetElapsedTime(_madeAt);
            if (since < _period)
                return;
            var made = RandomNumberGenerator.GetBytes(KeyBytes);
            Volatile.Write(ref _keys, since < 2 * _period ? [made, _keys[0]] : [made]);
            Volatile.Write(ref _madeAt, _time.GetTimestamp());
        }
    }
}
