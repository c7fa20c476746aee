// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Vrrp.Bgp;

namespace Penstock.Vrrp.Tests.Bgp;

public sealed class BirdReplyReaderTests
{
    private const string Protocols = """
        2002-Name       Proto      Table      State  Since         Info
        1002-device1    Device     ---        up     1795327804    
        1006-
        1002-to_tor1    BGP        ---        up     1795327805    Established   
        1006-  BGP state:          Established
             Neighbor address: 192.0.2.1
             Neighbor AS:      65000
           Channel ipv4
             State:          UP
         
        1002-to_tor2    BGP        ---        start  1795327806    Idle          Error: BFD session down
        1006-  BGP state:          Idle
             Neighbor address: 2001:db8::1
             Last error:       Error: BFD session down
           Channel ipv6
             State:          DOWN
         
        1002-other      BGP        ---        up     1795327807    Established   
        1006-  BGP state:          Established
         
        0000 

        """;

    private const string Bfd = "1020-bfd1:\n IP address                Interface  State      Since         Interval  Timeout\n 192.0.2.1                 eth0       Up         1795327805    0.300    0.900\n0000 \n";

    [Fact]
    public void Reply_CutAnywhere_IsReadTheSame()
    {
        var bytes = Encoding.UTF8.GetBytes(Protocols);
        var whole = new BirdReplyReader().Take(bytes).ShouldNotBeNull();
        for (var cut = 0; cut < bytes.Length; cut++)
        {
            var reader = new BirdReplyReader();
            reader.Take(bytes.AsSpan(0, cut)).ShouldBeNull($"cut at {cut}");
            reader.Take(bytes.AsSpan(cut)).ShouldNotBeNull().Lines.ShouldBe(whole.Lines);
        }

        whole.Code.ShouldBe(0);
        whole.Lines[0].ShouldBe(new BirdLine(2002, "Name       Proto      Table      State  Since         Info"));
        whole.Lines[5].ShouldBe(new BirdLine(1006, "    Neighbor address: 192.0.2.1"));
    }

    [Fact]
    public void Sessions_AreThoseOfPenstocksNeighbors()
    {
        var sessions = BirdSessions.Read(Reply(Protocols), Reply(Bfd));

        sessions.ShouldBe(
        [
            new BirdSession("tor1", "Established", DateTimeOffset.FromUnixTimeSeconds(1795327805), null, "Up"),
            new BirdSession("tor2", "Idle", DateTimeOffset.FromUnixTimeSeconds(1795327806), "Error: BFD session down", null),
        ]);
    }

    [Theory]
    [InlineData("1002-to_a\n0000 \n")]
    [InlineData("1002-to_a BGP\n1006-BGP state: Established\n0000 \n")]
    [InlineData("1006-BGP state: Established\n1020-x\n0000 \n")]
    [InlineData("1002-\n1002- \n0000 \n")]
    public void Lines_ThatAreCutShort_AreNoSession(string text) => BirdSessions.Read(Reply(text), Reply(text)).ShouldBeEmpty();

    [Fact]
    public void Time_ThatIsNone_IsNotKnown()
    {
        BirdSessions.Read(Reply("1002-to_a BGP --- up 2026-11-22 Established\n0000 \n"), bfd: null).ShouldHaveSingleItem().Since.ShouldBeNull();
        BirdSessions.Read(Reply("1002-to_a BGP --- up 99999999999999999 Established\n0000 \n"), bfd: null).ShouldHaveSingleItem().Since.ShouldBeNull();
    }

    [Theory]
    [InlineData("hello\n")]
    [InlineData("12\n")]
    [InlineData("0001\n")]
    [InlineData("+123 OK\n -\n")]
    [InlineData("-001 OK\n")]
    [InlineData("0001_OK\n")]
    [InlineData(" text before a code\n")]
    [InlineData("0000 \n0000 \n")]
    public void Bytes_ThatAreNoAnswer_AreRefused(string text) => Should.Throw<IOException>(() => new BirdReplyReader().Take(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void LinesAndAnswers_WithoutAnEnd_AreRefused()
    {
        Should.Throw<IOException>(() => new BirdReplyReader().Take(new byte[BirdReplyReader.MostLineBytes + 1])).Message.ShouldContain("4096");

        var line = Encoding.UTF8.GetBytes("1002-" + new string('x', 1000) + "\n");
        var reader = new BirdReplyReader();
        Should.Throw<IOException>(() =>
        {
            while (true)
                reader.Take(line);
        }).Message.ShouldContain("8388608");
    }

    [Fact]
    public void Messages_BetweenTheLines_AreLeftOut() => Reply("+2026 tor1: something\n1002-a\n+b\n0003 Reconfigured\n").Lines.ShouldBe([new BirdLine(1002, "a"), new BirdLine(3, "Reconfigured")]);

    private static BirdReply Reply(string text) => new BirdReplyReader().Take(Encoding.UTF8.GetBytes(text)).ShouldNotBeNull();
}
