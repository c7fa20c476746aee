// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Runtime.InteropServices;

namespace Penstock.L7.Grpc;

/// <summary>Follows the messages in content of gRPC that goes by: each is a flag, four bytes of length, and so many bytes.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct GrpcMessageBounds
{
    private const int PrefixBytes = 5;

    private int _ofPrefix;
    private uint _left;

    /// <summary>Whether no message has begun that is not whole.</summary>
    internal readonly bool IsBetween => _ofPrefix == 0 && _left == 0;

    /// <summary>The next piece of the content.</summary>
    internal void Follow(in ReadOnlySequence<byte> content)
    {
        foreach (var piece in content)
            Follow(piece.Span);
    }

    private void Follow(ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            if (_ofPrefix == 0 && _left > 0)
            {
                var taken = (int)Math.Min(_left, (uint)content.Length);
                _left -= (uint)taken;
                content = content[taken..];
                continue;
            }

            // The first byte of a prefix is the flag, the others make up the length.
            if (_ofPrefix > 0)
                _left = (_left << 8) | content[0];
            content = content[1..];
            _ofPrefix = (_ofPrefix + 1) % PrefixBytes;
        }
    }
}
