// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Text;
using Penstock.Linux;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Tests.Supervision;

public sealed class ProgramStartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pst-start-").FullName;
    private readonly KeepalivedFolder _files;
    private readonly Fifo _output;

    public ProgramStartTests()
    {
        _files = new KeepalivedFolder(Path.Combine(_folder, "state"), Path.Combine(_folder, "run"), "edge");
        Directory.CreateDirectory(_files.Run);
        _output = Fifo.Open(_files.LogFile);
    }

    private string Socket => Path.Combine(_folder, "keepalived.sock");

    public void Dispose()
    {
        _output.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Socket_ThatIsThere_IsAsked()
    {
        using var listener = Listen();
        var served = Task.Run(() => Serve(listener, "4711"));

        new ProgramStart("/usr/sbin/keepalived", Socket, "penstock-keepalived").Start(_files.Arguments, _files.LogFile, _output).ShouldBe(4711);

        var asked = await served;
        (asked.Binary, asked.User, asked.Output).ShouldBe(("/usr/sbin/keepalived", Environment.UserName, _files.LogFile));
        asked.Arguments.ShouldBe(_files.Arguments);
    }

    [Theory]
    [InlineData("no: /usr/sbin/keepalived: no such file", "no: /usr/sbin/keepalived: no such file")]
    [InlineData("-4", "-4")]
    [InlineData("", "no answer")]
    public async Task Answer_ThatIsNoProcess_IsTheReason(string answer, string reason)
    {
        using var listener = Listen();
        var served = Task.Run(() => Serve(listener, answer));

        Should.Throw<IOException>(() => new ProgramStart("/usr/sbin/keepalived", Socket, "penstock-keepalived").Start(_files.Arguments, _files.LogFile, _output)).Message.ShouldContain(reason);

        await served;
    }

    [Fact]
    public void Socket_ThatNobodyListensAt_IsNamed()
    {
        Listen().Dispose();
        File.WriteAllText(Socket, "");

        Should.Throw<IOException>(() => new ProgramStart("/usr/sbin/keepalived", Socket, "penstock-keepalived").Start(_files.Arguments, _files.LogFile, _output)).Message.ShouldContain("penstock-keepalived.socket");
    }

    [Fact]
    public void Socket_ThatIsNotThere_IsNotNeededByOneWithTheRights()
    {
        var start = new ProgramStart("/bin/true", Socket, "penstock-keepalived");
        if (!Environment.IsPrivilegedProcess)
        {
            Should.Throw<IOException>(() => start.Start(_files.Arguments, _files.LogFile, _output)).Message.ShouldContain("systemctl start penstock-keepalived.socket");
            return;
        }

        using var process = ProcessHandle.TryOpen(start.Start(_files.Arguments, _files.LogFile, _output));
        process.ShouldNotBeNull().WaitForEnd(TimeSpan.FromSeconds(20)).ShouldBeTrue();
    }

    [Theory]
    [InlineData("/usr/sbin/keepalived\nroot\n/r/log\n--vrrp")]
    [InlineData("/usr/sbin/keepalived\nroot\n/r/log\n")]
    [InlineData("keepalived\nroot\n/r/log\n--vrrp\n")]
    [InlineData("/usr/sbin/keepalived\nroot\nlog\n--vrrp\n")]
    [InlineData("/usr/sbin/keepalived\n\n/r/log\n--vrrp\n")]
    [InlineData("")]
    public async Task Request_OfAnotherForm_IsRefused(string text)
    {
        using var listener = Listen();
        using var client = Connect();
        using var server = await listener.AcceptAsync();
        _ = client.Send(Encoding.UTF8.GetBytes(text));
        client.Shutdown(SocketShutdown.Send);

        Should.Throw<IOException>(() => ProgramRequest.Receive(server));
    }

    [Fact]
    public async Task Request_WithoutAnEnd_IsRefused()
    {
        using var listener = Listen();
        using var client = Connect();
        using var server = await listener.AcceptAsync();
        var sent = Task.Run(() => client.Send(new byte[ProgramRequest.MostBytes]));

        Should.Throw<IOException>(() => ProgramRequest.Receive(server));

        await sent;
    }

    private static ProgramRequest Serve(Socket listener, string answer)
    {
        using var connection = listener.Accept();
        var request = ProgramRequest.Receive(connection);
        _ = connection.Send(Encoding.UTF8.GetBytes(answer));
        return request;
    }

    private Socket Listen()
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Socket));
        listener.Listen();
        return listener;
    }

    private Socket Connect()
    {
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(Socket));
        return client;
    }
}
