// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Tls;

/// <summary>
/// How OpenSSL reaches the socket. Input is received straight into its buffer, and not at all when the last read has emptied the socket;
/// output is gathered, so that several records leave with one call.
/// </summary>
internal static unsafe class TlsBio
{
    private static readonly nint s_method = CreateMethod();

    /// <summary>A BIO over a channel, which must outlive it.</summary>
    internal static nint Create(TlsChannel* channel)
    {
        var bio = Libcrypto.BIO_new(s_method);
        if (bio == 0)
            throw TlsException.Of("a BIO");
        Libcrypto.BIO_set_data(bio, channel);
        Libcrypto.BIO_set_init(bio, 1);
        return bio;
    }

    private static nint CreateMethod()
    {
        const int sourceSink = 0x0400; // BIO_TYPE_SOURCE_SINK
        fixed (byte* name = "reactor\0"u8)
        {
            var method = Libcrypto.BIO_meth_new(Libcrypto.BIO_get_new_index() | sourceSink, name);
            if (method == 0)
                throw TlsException.Of("a BIO");
            _ = Libcrypto.BIO_meth_set_read(method, &Read);
            _ = Libcrypto.BIO_meth_set_write(method, &Write);
            _ = Libcrypto.BIO_meth_set_ctrl(method, &Control);
            return method; // The name is copied.
        }
    }

    [UnmanagedCallersOnly]
    private static int Read(nint bio, byte* buffer, int length)
    {
        var channel = (TlsChannel*)Libcrypto.BIO_get_data(bio);
        Libcrypto.BIO_clear_flags(bio, Libcrypto.RetryAny);
        if (channel->MessagesLeft < 0)
        {
            channel->Failure = (int)Errno.EPROTO;
            return -1;
        }

        if (channel->AheadLength > 0)
            return ReadAhead(channel, buffer, length);
        while (channel->MayReceive != 0)
        {
            var received = (int)Libc.recv(channel->Descriptor, buffer, (nuint)length, 0);
            if (received > 0)
            {
                // A short read empties an edge-triggered stream socket (epoll(7)), unless its end is still to be read.
                if (received < length && channel->HasEnd == 0)
                    channel->MayReceive = 0;
                return received;
            }

            if (received == 0)
                return 0;

            var error = (Errno)Marshal.GetLastSystemError();
            if (error == Errno.EAGAIN)
            {
                channel->MayReceive = 0;
            }
            else if (error != Errno.EINTR)
            {
                channel->Failure = (int)error;
                return -1;
            }
        }

        Libcrypto.BIO_set_flags(bio, Libcrypto.RetryRead);
        return -1;
    }

    private static int ReadAhead(TlsChannel* channel, byte* buffer, int length)
    {
        var count = Math.Min(length, channel->AheadLength);
        new ReadOnlySpan<byte>(channel->Ahead + channel->AheadUsed, count).CopyTo(new Span<byte>(buffer, count));
        channel->AheadUsed += count;
        channel->AheadLength -= count;
        return count;
    }

    [UnmanagedCallersOnly]
    private static int Write(nint bio, byte* buffer, int length)
    {
        var channel = (TlsChannel*)Libcrypto.BIO_get_data(bio);
        Libcrypto.BIO_clear_flags(bio, Libcrypto.RetryAny);
        var isStray = channel->Output is null;
        var free = isStray ? TlsChannel.StrayBytes - channel->StrayUsed : channel->OutputFree - channel->OutputUsed;
        var count = Math.Min(length, free);
        if (count <= 0)
        {
            Libcrypto.BIO_set_flags(bio, Libcrypto.RetryWrite);
            return -1;
        }

        var target = isStray ? channel->Stray + channel->StrayUsed : channel->Output + channel->OutputUsed;
        new ReadOnlySpan<byte>(buffer, count).CopyTo(new Span<byte>(target, count));
        if (isStray)
            channel->StrayUsed += count;
        else
            channel->OutputUsed += count;
        return count;
    }

    [UnmanagedCallersOnly]
    private static nint Control(nint bio, int command, nint number, nint pointer) =>
        command is Libcrypto.Flush or Libcrypto.Duplicated ? 1 : 0;
}
