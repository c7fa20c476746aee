// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Tls;

/// <summary>What the calls of OpenSSL's input and output see of a session. It lies outside of the managed heap.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TlsChannel
{
    /// <summary>Room for a record that OpenSSL sends of its own accord, an alert, where nobody has given it any. Bytes.</summary>
    internal const int StrayBytes = 256;

    /// <summary>The socket.</summary>
    internal int Descriptor;

    /// <summary>Whether the socket may have something that was not received yet: 0 after a read that did not fill its buffer.</summary>
    internal int MayReceive;

    /// <summary>Whether epoll has reported the end: it is still to be read then, even after a short read.</summary>
    internal int HasEnd;

    /// <summary>Why receiving failed; 0: it has not.</summary>
    internal int Failure;

    /// <summary>Messages of the handshake's kind that may still come: new keys, tickets. Each costs much more than its bytes, and OpenSSL takes any number.</summary>
    internal int MessagesLeft;

    /// <summary>Bytes that were received before TLS began, and not used; in memory of their own.</summary>
    internal byte* Ahead;

    /// <summary>How many of them are left.</summary>
    internal int AheadLength;

    /// <summary>How many of them are used.</summary>
    internal int AheadUsed;

    /// <summary>Where records go; null: to <see cref="Stray"/>.</summary>
    internal byte* Output;

    /// <summary>Room there.</summary>
    internal int OutputFree;

    /// <summary>Bytes written there.</summary>
    internal int OutputUsed;

    /// <summary>Bytes in <see cref="Stray"/>.</summary>
    internal int StrayUsed;

    /// <summary>Records nobody has given room for.</summary>
    internal fixed byte Stray[StrayBytes];
}
