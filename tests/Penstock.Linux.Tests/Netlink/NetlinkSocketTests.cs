// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Netlink;

namespace Penstock.Linux.Tests.Netlink;

/// <summary>Against the kernel the tests run on, where it changes nothing.</summary>
public sealed class NetlinkSocketTests
{
    private const ushort GetLink = 18;    // RTM_GETLINK
    private const ushort DeleteLink = 17; // RTM_DELLINK
    private const ushort NewLink = 16;    // RTM_NEWLINK
    private const ushort NameAttribute = 3; // IFLA_IFNAME

    [Fact]
    public void Dump_OfLinks_HasLoopback()
    {
        using var socket = NetlinkSocket.Open(NetlinkProtocol.Route);
        var names = new List<string>();
        for (var turn = 0; turn < 2; turn++)
        {
            var request = new NetlinkWriter();
            request.Begin(GetLink, NetlinkFlags.Dump);
            request.Raw(new byte[16]); // struct ifinfomsg
            socket.Dump(request, "list links", names.Clear, (in NetlinkMessage message) =>
            {
                message.Type.ShouldBe(NewLink);
                var attributes = message.Attributes(16);
                while (attributes.TryRead(out var attribute))
                {
                    if (attribute.Type == NameAttribute)
                        names.Add(attribute.Text());
                }

                attributes.RequireWhole();
            });
        }

        names.Count(name => name == "lo").ShouldBe(1);
    }

    [Fact]
    public void Exchange_ManyRequestsAtOnce_EachHasItsOutcome()
    {
        using var socket = NetlinkSocket.Open(NetlinkProtocol.Route);
        var requests = new NetlinkWriter();
        for (var i = 0; i < 200; i++)
        {
            requests.Begin(DeleteLink);
            byte[] link = new byte[16];
            BitConverter.TryWriteBytes(link.AsSpan(4), int.MaxValue - i); // an interface that is not there
            requests.Raw(link);
        }

        var outcomes = socket.Exchange(requests);

        outcomes.Length.ShouldBe(200);
        outcomes.ShouldAllBe(outcome => outcome.Error == (Environment.IsPrivilegedProcess ? Errno.ENODEV : Errno.EPERM));
        Should.Throw<NetlinkException>(() => socket.Require(requests, "remove a link")).Message.ShouldStartWith("could not remove a link: E");
    }

    [Fact]
    public void Family_ByName_IsFoundOrNot()
    {
        using var socket = NetlinkSocket.Open(NetlinkProtocol.Generic);

        GenericNetlinkFamily.Find(socket, "nlctrl").ShouldBe(new GenericNetlinkFamily("nlctrl", 16, 2));
        GenericNetlinkFamily.Find(socket, "no such family").ShouldBeNull();
    }

    [Fact]
    public void Exchange_OfNothing_IsNothing()
    {
        using var socket = NetlinkSocket.Open(NetlinkProtocol.Generic);
        socket.Exchange(new NetlinkWriter()).ShouldBeEmpty();
    }

    [Fact]
    public void Exchange_AnswerThatNeverComes_TimesOut()
    {
        using var socket = NetlinkSocket.Open(NetlinkProtocol.Route, TimeSpan.FromMilliseconds(20));
        var request = new NetlinkWriter();
        request.Begin(NetlinkMessageType.Noop, NetlinkFlags.Dump); // passed over, and no acknowledgement asked for

        Should.Throw<NetlinkException>(() => socket.Exchange(request)).Error.ShouldBe(Errno.ETIMEDOUT);

        request.Clear();
        request.Begin(DeleteLink);
        request.Raw(new byte[16]);
        socket.Exchange(request).Length.ShouldBe(1); // The socket goes on.
    }
}
