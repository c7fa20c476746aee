// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using System.Text;

namespace Penstock.Http2.Tests.Hpack;

/// <summary>HPACK of nghttp2's library: another implementation, to encode what ours decodes and the other way round.</summary>
internal static partial class Nghttp2
{
    private const string Library = "libnghttp2.so.14";
    private const int Final = 1;
    private const int Emit = 2;

    /// <summary>Whether the library is on this host; curl needs it, too.</summary>
    public static bool IsMissing { get; } = !NativeLibrary.TryLoad(Library, out _);

    [StructLayout(LayoutKind.Sequential)]
    private struct NameValue
    {
        public nint Name;
        public nint Value;
        public nint NameLength;
        public nint ValueLength;
        public byte Flags;
    }

    public sealed class Deflater : IDisposable
    {
        private readonly nint _handle;

        public Deflater(int tableSize) => DeflateNew(out _handle, tableSize).ShouldBe(0);

        public void ChangeTableSize(int size) => DeflateChange(_handle, size).ShouldBe(0);

        public byte[] Encode(string[] lines)
        {
            var pairs = lines.Select(line => Pair(line)).ToArray();
            var block = new byte[65536];
            var length = DeflateBlock(_handle, block, block.Length, pairs, pairs.Length);
            foreach (var pair in pairs)
            {
                Marshal.FreeHGlobal(pair.Name);
                Marshal.FreeHGlobal(pair.Value);
            }

            length.ShouldBeGreaterThanOrEqualTo(0);
            return block[..(int)length];
        }

        public void Dispose() => DeflateDelete(_handle);

        private static NameValue Pair(string line)
        {
            var colon = line.IndexOf(": ", 1, StringComparison.Ordinal);
            var name = Encoding.Latin1.GetBytes(line[..colon]);
            var value = Encoding.Latin1.GetBytes(line[(colon + 2)..]);
            return new NameValue { Name = Copy(name), Value = Copy(value), NameLength = name.Length, ValueLength = value.Length };
        }

        private static nint Copy(byte[] bytes)
        {
            var copy = Marshal.AllocHGlobal(bytes.Length + 1);
            Marshal.Copy(bytes, 0, copy, bytes.Length);
            return copy;
        }
    }

    public sealed class Inflater : IDisposable
    {
        private readonly nint _handle;

        public Inflater() => InflateNew(out _handle).ShouldBe(0);

        public void ChangeTableSize(int size) => InflateChange(_handle, size).ShouldBe(0);

        public string[] Decode(byte[] block)
        {
            var lines = new List<string>();
            var pinned = GCHandle.Alloc(block, GCHandleType.Pinned);
            nint at = 0;
            while (true)
            {
                var used = InflateBlock(_handle, out var pair, out var flags, pinned.AddrOfPinnedObject() + at, block.Length - at, 1);
                used.ShouldBeGreaterThanOrEqualTo(0, "nghttp2 refuses the block");
                at += used;
                if ((flags & Emit) != 0)
                    lines.Add($"{Text(pair.Name, pair.NameLength)}: {Text(pair.Value, pair.ValueLength)}");
                if ((flags & Final) != 0)
                    break;
                if ((flags & Emit) == 0 && at == block.Length)
                    break;
            }

            pinned.Free();
            InflateEnd(_handle).ShouldBe(0);
            return [.. lines];
        }

        public void Dispose() => InflateDelete(_handle);

        private static string Text(nint start, nint length)
        {
            var bytes = new byte[length];
            Marshal.Copy(start, bytes, 0, bytes.Length);
            return Encoding.Latin1.GetString(bytes);
        }
    }

    [LibraryImport(Library, EntryPoint = "nghttp2_hd_deflate_new")]
    private static partial int DeflateNew(out nint handle, nint maxTableSize);

    [LibraryImport(Library, EntryPoint = "nghttp2_hd_deflate_change_table_size")]
    private static partial int DeflateChange(nint handle, nint maxTableSize);

    [LibraryImport(Library, EntryPoint = "nghttp2_hd_deflate_hd")]
    private static partial nint DeflateBlock(nint handle, [Out] byte[] block, nint length, [In] NameValue[] pairs, nint count);

    [LibraryImport(Library, EntryPoint = "nghttp2_hd_deflate_del")]
    private static partial void DeflateDelete(nint handle);

    [LibraryImport(Library, EntryPoint = "nghttp2_hd_inflate_new")]
    private static partial int InflateNew(out nint handle);

    [LibraryImport(Library, EntryPoint = "nghttp2_hd_inflate_change_table_size")]
    private static partial int InflateChange(nint handle, nint maxTableSize);

    [LibraryImport(Library, EntryPoint = "nghttp2_hd_inflate_hd2")]
    private static partial nint InflateBlock(nint handle, out NameValue pair, out int flags, nint block, nint length, int isFinal);

    [LibraryImport(Library, EntryPoint = "nghttp2_hd_inflate_end_headers")]
    private static partial int InflateEnd(nint handle);

    [LibraryImport(Library, EntryPoint = "nghttp2_hd_inflate_del")]
    private static partial void InflateDelete(nint handle);
}
