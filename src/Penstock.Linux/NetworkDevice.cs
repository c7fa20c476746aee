// SPDX-License-Identifier: Apache-2.0
using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Penstock.Linux;

/// <summary>Network interfaces of this network namespace, asked of the kernel and not of /sys, which may show another namespace.</summary>
public static unsafe partial class NetworkDevice
{
    private const string Library = "libc.so.6";
    private const int NameLength = 16;     // IFNAMSIZ
    private const int RequestLength = 40;  // sizeof(struct ifreq) of 64-bit Linux
    private const nuint GetMtu = 0x8921;   // SIOCGIFMTU

    /// <summary>Number of an interface; 0: there is none of that name.</summary>
    public static int Index(string name) => (int)if_nametoindex(name);

    /// <summary>Name of an interface; null: there is none of that number.</summary>
    public static string? Name(int index)
    {
        var name = stackalloc byte[NameLength];
        return if_indextoname((uint)index, name) is null ? null : Marshal.PtrToStringUTF8((nint)name);
    }

    /// <summary>Its MTU, bytes.</summary>
    /// <exception cref="Win32Exception">There is no such interface.</exception>
    public static int Mtu(string name)
    {
        var request = stackalloc byte[RequestLength];
        new Span<byte>(request, RequestLength).Clear();
        Encoding.UTF8.GetBytes(name, new Span<byte>(request, NameLength - 1));
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        if (ioctl((int)socket.Handle, GetMtu, request) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"read the MTU of {name}");
        return *(int*)(request + NameLength);
    }

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint if_nametoindex(string name);

    [LibraryImport(Library)]
    private static partial byte* if_indextoname(uint index, byte* name);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, byte* argument);
}
