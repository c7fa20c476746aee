// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Text;
using Penstock.Vrrp.Bgp;

namespace Penstock.Vrrp.Tests.Bgp;

public sealed class BirdControlTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pst-bird-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public BirdControlTests()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen();
    }

    private string Path => System.IO.Path.Combine(_folder, "bird.ctl");

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Command_IsAsked_AndAnswered()
    {
        var served = Task.Run(() => Serve("0002-Reading configuration\n0003 Reconfigured\n"));

        var reply = new BirdControl(Path).Ask("configure");

        (reply.Code, reply.Text).ShouldBe((3, "Reconfigured"));
        (await served).ShouldBe("configure\n");
    }

    [Theory]
    [InlineData("9001 syntax error\n", "BIRD refuses 'configure': syntax error", true)]
    [InlineData("0002-Reading configuration\n8002 x.conf:1:1 syntax error\n", "x.conf:1:1 syntax error", true)]
    [InlineData("0002-Reading", "has closed the connection", false)]
    [InlineData("nonsense\n", "without a code", false)]
    public async Task Answer_ThatIsNone_OrARefusal_IsTheReason(string answer, string reason, bool isRefused)
    {
        var served = Task.Run(() => Serve(answer));

        var error = Should.Throw<IOException>(() => new BirdControl(Path).Ask("configure"));
        error.Message.ShouldContain(reason);
        (error is BirdRefusedException).ShouldBe(isRefused);

        await served;
    }

    [Fact]
    public void Answer_ThatDoesNotCome_IsNotWaitedForForever() => Should.Throw<IOException>(() => new BirdControl(Path).Ask("configure")).Message.ShouldContain("no answer within 2 s");

    [Fact]
    public void Socket_ThatIsNotThere_IsNamed() => Should.Throw<IOException>(() => new BirdControl("/no/such").Ask("configure")).Message.ShouldStartWith("/no/such: ");

    private string Serve(string answer)
    {
        using var connection = _listener.Accept();
        _ = connection.Send("0001 BIRD 2.0.12 ready.\n"u8);
        var buffer = new byte[100];
        var count = connection.Receive(buffer);
        _ = connection.Send(Encoding.UTF8.GetBytes(answer));
        return Encoding.UTF8.GetString(buffer, 0, count);
    }
}
