// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.L7.Http1;
using Penstock.L7.Tcp;

namespace Penstock.L7.Tests.Tcp;

public sealed class ClientHelloParserTests
{
    [Theory]
    [InlineData("shop.example.com", "shop.example.com")]
    [InlineData("SHOP.Example.com.", "shop.example.com")]
    [InlineData("a_b-c.1", "a_b-c.1")]
    [InlineData(null, "")]
    public void Hello_AsksForAName_WhichIsFound(string? name, string found) => Parse(ClientHellos.Of(name)).ShouldBe(found);

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\0b")]
    [InlineData("b\u00fccher.de")]
    [InlineData("a/b")]
    [InlineData("a:443")]
    public void Name_ThatIsNone_IsRejected(string name) => Parse(ClientHellos.Of(name)).ShouldBe("hello_name_malformed");

    [Fact]
    public void Name_TooLongTwiceOrOfAnotherKind_IsRejected()
    {
        Parse(ClientHellos.Of(new string('a', 255))).ShouldBe(new string('a', 255));
        Parse(ClientHellos.Of(new string('a', 256))).ShouldBe("hello_name_malformed");
        Parse(ClientHellos.Of("a", ClientHellos.ServerName("b"))).ShouldBe("hello_name_malformed");
        foreach (byte[] content in (byte[][])[[], [0, 0], [0, 3, 0, 0, 0], [0, 4, 1, 0, 1, 65], [0, 4, 0, 0, 2, 65], [0, 5, 0, 0, 1, 65, 0], [0, 4, 0, 0, 1, 65, 0], [0, 8, 0, 0, 1, 65, 0, 0, 1, 66]])
        {
            Parse(Whole(ClientHellos.Extension(0, content))).ShouldBe("hello_name_malformed", Convert.ToHexString(content));
        }
    }

    [Fact]
    public void Hello_OverRecordsOfAnySize_MeansTheSame()
    {
        byte[] message = ClientHellos.Of("a.test")[5..];
        for (int bytes = 1; bytes < message.Length; bytes += 1 + (bytes / 7))
        {
            Parse(ClientHellos.Records(message, bytes)).ShouldBe("a.test", $"{bytes} bytes each");
        }
    }

    [Fact]
    public void Hello_CutAnywhere_WaitsForTheRest()
    {
        foreach (byte[] whole in (byte[][])[ClientHellos.Of("a.test"), ClientHellos.Records(ClientHellos.Of("a.test")[5..], 100), ClientHellos.Of(null)])
        {
            for (int length = 0; length < whole.Length; length++)
            {
                Parse(whole[..length]).ShouldBe("more", $"{length} of {whole.Length}");
            }
        }
    }

    [Fact]
    public void FirstBytes_OfSomethingElse_AreRejected()
    {
        Parse("GET / HTTP/1.1\r\n"u8.ToArray()).ShouldBe("hello_not_tls");
        Parse([0x80, 0x2E, 1, 0, 2]).ShouldBe("hello_not_tls"); // SSL 2
        Parse([22, 2]).ShouldBe("hello_record_malformed");
        Parse([22, 3, 1, 0, 0]).ShouldBe("hello_record_malformed");
        Parse([22, 3, 1, 0x40, 1]).ShouldBe("hello_record_malformed");
        Parse([22, 3, 1, 0, 1, 2]).ShouldBe("hello_other_message");
        Parse([22, 3, 1, 0, 1, 1, 21, 3, 1, 0, 2]).ShouldBe("hello_other_message"); // an alert in the middle
        Parse([22, 3, 1, 0, 4, 1, 1, 0, 0]).ShouldBe("hello_too_long");
        Parse([22, 3, 1, 0x40, 0, 1, 0xFF, 0xFF, 0xFF]).ShouldBe("hello_too_long");
        byte[] hello = ClientHellos.Of("a")[5..];
        Parse(ClientHellos.Record([.. hello, 0])).ShouldBe("hello_malformed"); // the record goes on
    }

    [Fact]
    public void Hello_OfRecordsThatFillTheRoom_IsRejected()
    {
        byte[] message = ClientHellos.Message(new byte[60_000]);
        Parse(ClientHellos.Records(message, 1)[..65_536]).ShouldBe("hello_too_long");
    }

    [Fact]
    public void Lengths_ThatReachBeyond_AreRejected()
    {
        byte[] body = ClientHellos.Body(ClientHellos.Grease, ClientHellos.ServerName("a"));
        for (int length = 0; length < body.Length; length++)
        {
            string cut = Parse(ClientHellos.Record(ClientHellos.Message(body[..length])));
            cut.ShouldBe(length == 2 + 32 + 33 + 6 + 2 ? "" : "hello_malformed", $"{length}"); // there it has no extensions
        }

        Parse(ClientHellos.Record(ClientHellos.Message([.. body, 0]))).ShouldBe("hello_malformed");
        body[34] = 33; // session id
        Parse(ClientHellos.Record(ClientHellos.Message(body))).ShouldBe("hello_malformed");
    }

    [Fact]
    public void Noise_NearlyAHello_MeansTheSameHoweverItArrives()
    {
        byte[] small = ClientHellos.Record(ClientHellos.Message(ClientHellos.Body(ClientHellos.Grease, ClientHellos.ServerName("a.test"))));
        byte[][] seeds = [small, ClientHellos.Records(small[5..], 9), ClientHellos.Records(small[5..], 50)];
        var random = new Random(8446);
        for (int run = 0; run < 20_000; run++)
        {
            byte[] bytes = [.. seeds[random.Next(seeds.Length)]];
            for (int changes = random.Next(4); changes >= 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : random.Next(4));
            }

            string whole = Parse(bytes);
            string pieces = "more";
            for (int length = 0; length <= bytes.Length && pieces == "more"; length++)
            {
                pieces = Parse(bytes[..length]);
            }

            pieces.ShouldBe(whole);
        }
    }

    private static byte[] Whole(params byte[][] extensions) => ClientHellos.Record(ClientHellos.Message(ClientHellos.Body(extensions)));

    private static string Parse(byte[] bytes) => ClientHelloParser.Parse([.. bytes], out var name, out var rejection) switch
    {
        ParseStatus.Done => Encoding.Latin1.GetString(name),
        ParseStatus.Rejected => ClientHelloRejections.Token(rejection),
        _ => "more",
    };
}
