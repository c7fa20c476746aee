// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Penstock.Linux.Tls;
using Penstock.Tests;

namespace Penstock.Linux.Tests.Tls;

public sealed class TlsSessionTests : IDisposable
{
    private const int RoomBytes = 64 << 10;

    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-tls-").FullName;
    private readonly TestAuthority _authority;
    private readonly byte[] _room = GC.AllocateArray<byte>(RoomBytes, pinned: true);
    private readonly Socket _server;
    private readonly Socket _client;

    public TlsSessionTests()
    {
        _authority = new TestAuthority(_folder);
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _client.Connect(listener.LocalEndPoint!); // It is bound.
        _server = listener.Accept();
        _server.NoDelay = true;
        _server.Blocking = _client.Blocking = false;
    }

    public void Dispose()
    {
        _server.Dispose();
        _client.Dispose();
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Sessions_OverASocketPair_AgreeAndExchange()
    {
        using var server = Accept();
        using var client = Connect();
        Agree(server, client);

        Encoding.ASCII.GetString(server.Protocol).ShouldBe("http/1.1");
        Exchange(client, _client, server, _server, "to the server");
        Exchange(server, _server, client, _client, "to the client");
    }

    [Fact]
    public void KeyUpdate_EitherWay_IsFollowed()
    {
        using var server = Accept();
        using var client = Connect();
        Agree(server, client);

        for (var i = 0; i < 5; i++)
        {
            client.UpdateKeys().ShouldBeTrue();
            Exchange(client, _client, server, _server, $"with the client's keys {i}");
            Exchange(server, _server, client, _client, $"with what the server was asked for {i}");
            server.UpdateKeys().ShouldBeTrue();
            Exchange(server, _server, client, _client, $"with the server's keys {i}");
        }
    }

    [Fact]
    public void KeyUpdates_WithoutEnd_EndTheSession()
    {
        using var server = Accept();
        using var client = Connect();
        Agree(server, client);
        var buffer = new byte[1000];

        for (var i = 0; i < 100; i++)
        {
            client.UpdateKeys().ShouldBeTrue();
            Send(client, _client, session => session.Write("x"u8).IsError.ShouldBeFalse());
            server.OnInput(ended: false);
            var result = server.Read(buffer);
            server.TakeStray();
            if (!result.IsError || result.Error == Errno.EAGAIN)
                continue;
            result.Error.ShouldBe(Errno.EPROTO);
            i.ShouldBeGreaterThan(10);
            return;
        }

        Assert.Fail("the session goes on");
    }

    [Fact]
    public void KeyUpdates_BetweenMebibytes_GoOn()
    {
        using var server = Accept();
        using var client = Connect();
        Agree(server, client);
        var block = new byte[16 << 10];
        var buffer = new byte[16 << 10];

        for (var i = 0; i < 100; i++)
        {
            client.UpdateKeys().ShouldBeTrue();
            for (var sent = 0; sent <= 1 << 20; sent += block.Length)
            {
                Send(client, _client, session => session.Write(block).Value.ShouldBe(block.Length));
                var clock = System.Diagnostics.Stopwatch.StartNew();
                for (var received = 0; received < block.Length && clock.Elapsed < TimeSpan.FromSeconds(60);)
                {
                    server.OnInput(ended: false);
                    var result = server.Read(buffer);
                    result.Error.ShouldBeOneOf(Errno.None, Errno.EAGAIN);
                    received += result.IsError ? 0 : result.Value;
                }
            }

            server.TakeStray();
        }
    }

    [Fact]
    public void End_InOrder_IsToldFromOneThatIsNot()
    {
        using var server = Accept();
        using var client = Connect();
        Agree(server, client);
        Send(client, _client, session => session.End());

        ReadAll(server).ShouldBe((0, Errno.None));
    }

    [Fact]
    public void End_ThatTlsWasNotTold_IsAnError()
    {
        using var server = Accept();
        using var client = Connect();
        Agree(server, client);
        _client.Shutdown(SocketShutdown.Send);

        ReadAll(server).ShouldBe((0, Errno.ECONNABORTED));
    }

    [Fact]
    public void Write_WithoutRoom_GoesOnWithMore()
    {
        using var server = Accept();
        using var client = Connect();
        Agree(server, client);
        var bytes = Encoding.ASCII.GetBytes(new string('x', 10_000));

        client.OutputTo(_room.AsSpan(0, 4000));
        client.Write(bytes).Error.ShouldBe(Errno.ENOBUFS);
        _client.Send(_room.AsSpan(0, client.OutputUsed));
        client.OutputTo(_room);
        client.Write(bytes).Value.ShouldBe(bytes.Length);
        _client.Send(_room.AsSpan(0, client.OutputUsed));
        client.EndOutput();

        ReadAll(server).ShouldBe((bytes.Length, Errno.EAGAIN));
    }

    [Fact]
    public void SavedSession_GoesOn()
    {
        var (context, by) = (Context(), Client());
        TlsSavedSession? saved;
        using (var server = TlsSession.Accept(context, Descriptor(_server), ahead: []))
        using (var client = by.Connect(Descriptor(_client), earlier: null))
        {
            Agree(server, client);
            Exchange(server, _server, client, _client, "with the tickets before it");
            saved = client.Save();
            client.IsResumed.ShouldBeFalse();
        }

        using var next = TlsSession.Accept(context, Descriptor(_server), ahead: []);
        using var other = by.Connect(Descriptor(_client), saved.ShouldNotBeNull());
        Agree(next, other);
        (next.IsResumed, other.IsResumed).ShouldBe((true, true));
        by.IsExpected(other).ShouldBeTrue();

        // There is a ticket for the next one, too: clients use one of TLS 1.3 once.
        Exchange(next, _server, other, _client, "with a ticket before it");
        using var newer = other.Save().ShouldNotBeNull();
        newer.DangerousGetHandle().ShouldNotBe(saved.ShouldNotBeNull().DangerousGetHandle());
    }

    [Fact]
    public void TicketKeys_MadeHere_AreReplaced_AndTheOneBeforeIsGoodForAsLong()
    {
        var time = new ManualTimeProvider();
        var (context, by) = (Context(new TlsTicketKeys(TimeSpan.FromHours(1), time)), Client());
        var first = Meet(context, by, earlier: null);

        time.Advance(TimeSpan.FromMinutes(61));
        var second = Meet(context, by, first.Saved);
        second.IsResumed.ShouldBeTrue();

        time.Advance(TimeSpan.FromMinutes(61));
        Meet(context, by, first.Saved).IsResumed.ShouldBeFalse();
        var third = Meet(context, by, second.Saved); // its ticket was renewed with the second key
        third.IsResumed.ShouldBeTrue();

        time.Advance(TimeSpan.FromMinutes(121));
        Meet(context, by, third.Saved).IsResumed.ShouldBeFalse();
    }

    [Theory]
    [InlineData("a.example.com")]
    [InlineData("A.Example.Com.")]
    public void Name_WithADotAtItsEnd_IsTheOneWithout(string asked)
    {
        var names = new List<string>();
        var context = Context();
        context.ChooseBy(name =>
        {
            names.Add(name);
            return context;
        });
        using (var server = TlsSession.Accept(context, Descriptor(_server), ahead: []))
        using (var client = TlsSession.Connect(new TlsContext(), Descriptor(_client), asked, verifiesName: false, earlier: null))
        {
            Agree(server, client);
            Exchange(server, _server, client, _client, "with the tickets before it");
        }

        using var next = TlsSession.Accept(context, Descriptor(_server), ahead: []);
        using var other = Client(asked).Connect(Descriptor(_client), earlier: null);
        Agree(next, other);
        names.ShouldBe(["a.example.com", "a.example.com"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Challenge_OfANameThatIsProven_IsAnsweredWithItsOwnCertificate(bool refusesOthers)
    {
        const string proven = "b.example.com";
        var (certificate, key) = _authority.Sign([proven]);
        using var shown = X509CertificateLoader.LoadCertificateFromFile(certificate);
        using var pair = ECDsa.Create();
        pair.ImportFromPem(File.ReadAllText(key));
        var challenge = new TlsChallengeCertificate(shown.RawData, pair.ExportECPrivateKey());
        var context = refusesOthers ? new TlsContext() : Context();
        context.SetProtocols("http/1.1");
        if (refusesOthers)
            context.RefuseAll();
        else
            context.ChooseBy(_ => context);
        context.AnswerChallengesBy(name => string.Equals(name, proven, StringComparison.Ordinal) ? challenge : null);
        using (var server = TlsSession.Accept(context, Descriptor(_server), ahead: []))
        using (var client = Client(proven, "acme-tls/1").Connect(Descriptor(_client), earlier: null))
        {
            Agree(server, client); // the client verifies the name
            Encoding.ASCII.GetString(server.Protocol).ShouldBe("acme-tls/1");
            Exchange(server, _server, client, _client, "with the tickets before it");
        }

        using var next = TlsSession.Accept(context, Descriptor(_server), ahead: []);
        using var other = Client(protocol: "acme-tls/1").Connect(Descriptor(_client), earlier: null);
        Should.Throw<ShouldAssertException>(() => Agree(next, other));
        next.IsEstablished.ShouldBeFalse();
    }

    private static int Descriptor(Socket socket) => (int)socket.Handle;

    private (bool IsResumed, TlsSavedSession Saved) Meet(TlsContext context, TlsClient by, TlsSavedSession? earlier)
    {
        using var server = TlsSession.Accept(context, Descriptor(_server), ahead: []);
        using var client = by.Connect(Descriptor(_client), earlier);
        Agree(server, client);
        Exchange(server, _server, client, _client, "with the tickets before it");
        client.IsResumed.ShouldBe(server.IsResumed);
        return (client.IsResumed, client.Save().ShouldNotBeNull());
    }

    private TlsContext Context() => Context(new TlsTicketKeys(TimeSpan.FromHours(1), TimeProvider.System));

    private TlsContext Context(TlsTicketKeys keys)
    {
        var (certificate, key) = _authority.Sign(["a.example.com"]);
        var context = new TlsContext();
        context.AddCertificate(certificate, key);
        context.SetProtocols("http/1.1");
        context.ResumeBy(keys, "test"u8, TimeSpan.FromHours(1));
        return context;
    }

    private TlsClient Client(string serverName = "a.example.com", string protocol = "http/1.1") => TlsClient.Create(new TlsClientOptions(_authority.CaFile, Certificate: null, Key: null, serverName, [], Verifies: true, protocol));

    private TlsSession Accept() => TlsSession.Accept(Context(), Descriptor(_server), ahead: []);

    private TlsSession Connect() => Client().Connect(Descriptor(_client), earlier: null);

    private void Agree(TlsSession server, TlsSession client)
    {
        for (var i = 0; i < 1000 && !(server.IsEstablished && client.IsEstablished); i++)
        {
            Send(client, _client, Step);
            Send(server, _server, Step);
        }

        (server.IsEstablished, client.IsEstablished).ShouldBe((true, true), $"server {server.LastReason}, client {client.LastReason} {client.VerifyError}");
    }

    private static void Step(TlsSession session)
    {
        session.OnInput(ended: false);
        if (!session.IsEstablished)
            session.Handshake();
    }

    private void Exchange(TlsSession from, Socket fromSocket, TlsSession to, Socket toSocket, string text)
    {
        Send(from, fromSocket, session => session.Write(Encoding.ASCII.GetBytes(text)).IsError.ShouldBeFalse());
        var buffer = new byte[1000];
        var read = 0;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (read == 0 && clock.Elapsed < TimeSpan.FromSeconds(60))
        {
            Send(to, toSocket, session =>
            {
                session.OnInput(ended: false);
                var result = session.Read(buffer);
                read = result.IsError ? 0 : result.Value;
            });
        }

        Encoding.ASCII.GetString(buffer, 0, read).ShouldBe(text);
    }

    private static (int Bytes, Errno Then) ReadAll(TlsSession session)
    {
        var buffer = new byte[RoomBytes];
        var total = 0;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            session.OnInput(ended: false);
            var result = session.Read(buffer);
            total += result.IsError ? 0 : result.Value;
            if (result.IsError ? result.Error != Errno.EAGAIN || total > 0 || clock.Elapsed > TimeSpan.FromSeconds(60) : result.Value == 0)
                return (total, result.Error);
        }
    }

    private void Send(TlsSession session, Socket socket, Action<TlsSession> act)
    {
        session.OutputTo(_room);
        act(session);
        session.EndOutput();
        if (session.OutputUsed > 0)
            socket.Send(_room.AsSpan(0, session.OutputUsed));
    }
}
