// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.L7.Tests.Tcp;

/// <summary>ClientHellos made by hand.</summary>
internal static class ClientHellos
{
    /// <summary>GREASE (RFC 8701).</summary>
    public static byte[] Grease => Extension(0x1A1A, [7, 7]);

    /// <summary>One that asks for a name, with extensions of today's browsers round it.</summary>
    public static byte[] Of(string? name, params byte[][] further) =>
        Record(Message(Body([Grease, .. name is null ? [] : (byte[][])[ServerName(name)], Extension(0x002B, [2, 3, 4]), Extension(0x0033, new byte[1200]), .. further])));

    /// <summary>The body of one with these extensions.</summary>
    public static byte[] Body(params byte[][] extensions) =>
        [3, 3, .. new byte[32], 32, .. new byte[32], .. Vector(2, [0x0A, 0x0A, 0x13, 0x01]), .. Vector(1, [0]), .. Vector(2, [.. extensions.SelectMany(extension => extension)])];

    /// <summary>The handshake message.</summary>
    public static byte[] Message(byte[] body) => [1, (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, .. body];

    /// <summary>A handshake record.</summary>
    public static byte[] Record(byte[] content) => [22, 3, 1, .. Vector(2, content)];

    /// <summary>A message over records of so many bytes each.</summary>
    public static byte[] Records(byte[] message, int bytesEach) => [.. message.Chunk(bytesEach).SelectMany(Record)];

    /// <summary>server_name.</summary>
    public static byte[] ServerName(string name) => Extension(0, Vector(2, [0, .. Vector(2, Encoding.Latin1.GetBytes(name))]));

    /// <summary>Any extension.</summary>
    public static byte[] Extension(int type, byte[] content) => [(byte)(type >> 8), (byte)type, .. Vector(2, content)];

    /// <summary>A length and what has it.</summary>
    public static byte[] Vector(int prefix, byte[] content) =>
        prefix == 1 ? [(byte)content.Length, .. content] : [(byte)(content.Length >> 8), (byte)content.Length, .. content];
}
