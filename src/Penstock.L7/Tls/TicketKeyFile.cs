// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Tls;

namespace Penstock.L7.Tls;

/// <summary>A file of keys for session tickets: one a line, 80 bytes in base64 each. Hosts that share it go on with one another's sessions.</summary>
internal static class TicketKeyFile
{
    /// <summary>Reads one.</summary>
    /// <exception cref="TlsException">It holds no key, or something else; the text says where, and nothing of a key.</exception>
    internal static TlsTicketKeys Read(string path)
    {
        var keys = new List<byte[]>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            var text = line.Trim();
            if (text.Length == 0 || text[0] == '#')
                continue;
            var key = new byte[TlsTicketKeys.KeyBytes];
            if (!Convert.TryFromBase64String(text, key, out var length) || length != key.Length)
                throw new TlsException($"{path}:{number}: not a key of {TlsTicketKeys.KeyBytes} bytes in base64");
            keys.Add(key);
        }

        return keys.Count > 0 ? new TlsTicketKeys(keys) : throw new TlsException($"{path}: no key");
    }
}
