// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Penstock.L7.Runtime;
using Penstock.Linux;
using Penstock.Model;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L7.Tests.Runtime;

public sealed class ListenerBinderTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("penstock-");

    private string SocketPath => Path.Combine(_directory.FullName, "web.sock");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Open_AVirtualAddressThatAnotherHostHas_Listens()
    {
        var bind = SocketEndpoint.Ip(IPAddress.Parse("192.0.2.77"), 20777); // RFC 5737: nobody's

        ListenerBinder.Open(0, bind, reactors: 2, ListenerStore.None(), isVirtual: true).Release();
    }

    [Fact]
    public void Open_AddressThatIsListenedTo_IsRefusedThoughItsSocketsShareIt()
    {
        var first = ListenerBinder.Open(0, SocketEndpoint.Ip(IPAddress.Parse("127.7.7.2"), 0), reactors: 2, ListenerStore.None()); // No client has this address, and so none its port.
        try
        {
            Should.Throw<L7ApplyException>(() => ListenerBinder.Open(1, first.BoundTo, reactors: 2, ListenerStore.None())).Message.ShouldEndWith("the address is in use");
        }
        finally
        {
            first.Release();
        }

        ListenerBinder.Open(1, first.BoundTo, reactors: 2, ListenerStore.None()).Release();
    }

    [Fact]
    public void Open_ByManyAtOnce_OnePrevails()
    {
        for (var round = 0; round < 50; round++)
        {
            var place = ListenerBinder.Open(0, SocketEndpoint.Ip(IPAddress.Loopback, 0), reactors: 1, ListenerStore.None());
            place.Release();
            var opened = new ConcurrentBag<ListenerSlot>();
            using var start = new Barrier(4);
            var openers = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
            {
                start.SignalAndWait();
                try
                {
                    opened.Add(ListenerBinder.Open(0, place.BoundTo, reactors: 2, ListenerStore.None()));
                }
                catch (L7ApplyException)
                {
                    // Another was faster.
                }
            })).ToArray();
            Array.ForEach(openers, opener => opener.Start());
            Array.ForEach(openers, opener => opener.Join());
            opened.Count.ShouldBeLessThanOrEqualTo(1);
            foreach (var slot in opened)
                slot.Release();
        }
    }

    [Fact]
    public void Open_RegularFileAtThePath_IsRefusedAndLeftAlone()
    {
        File.WriteAllText(SocketPath, "precious");

        Should.Throw<L7ApplyException>(Open).Message.ShouldEndWith("something that is not a socket is there");

        File.ReadAllText(SocketPath).ShouldBe("precious");
    }

    [Fact]
    public void Open_LinkAtThePath_IsRefusedAndLeftAlone()
    {
        File.CreateSymbolicLink(SocketPath, "nowhere");

        Should.Throw<L7ApplyException>(Open).Message.ShouldEndWith("something that is not a socket is there");

        new FileInfo(SocketPath).LinkTarget.ShouldBe("nowhere");
    }

    [Fact]
    public void Open_StaleSocket_IsReplaced()
    {
        var address = SocketAddress.Unix(SocketPath);
        using (var dead = new FileDescriptor(SocketCalls.Create(address).Value))
            SocketCalls.Bind(dead.Number, ref address).Error.ShouldBe(Errno.None);
        FileKind.IsSocket(SocketPath).ShouldBeTrue();

        var slot = Open();
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(SocketPath));
        slot.Release();
    }

    [Fact]
    public void Open_LiveSocket_IsRefusedAndGoesOn()
    {
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(SocketPath));
        other.Listen();

        Should.Throw<L7ApplyException>(Open).Message.ShouldEndWith("another process is running and answers there");

        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(SocketPath));
    }

    [Fact]
    public void Open_DirectoryMissing_IsRefused()
    {
        var bind = SocketEndpoint.Unix(Path.Combine(_directory.FullName, "missing", "web.sock"));

        Should.Throw<L7ApplyException>(() => ListenerBinder.Open(0, bind, reactors: 1, ListenerStore.None())).Message.ShouldEndWith("ENOENT");
    }

    [Fact]
    public void Explain_PermissionDenied_SpeaksOfPortsOnlyWhereThereIsOne()
    {
        ListenerBinder.Explain(Errno.EACCES, SocketEndpoint.Unix(SocketPath)).ShouldBe("permission denied");
        ListenerBinder.Explain(Errno.EACCES, SocketEndpoint.Ip(System.Net.IPAddress.Any, 80)).ShouldBe("permission denied (ports below 1024 need CAP_NET_BIND_SERVICE)");
    }

    private ListenerSlot Open() => ListenerBinder.Open(0, SocketEndpoint.Unix(SocketPath), reactors: 2, ListenerStore.None());
}
