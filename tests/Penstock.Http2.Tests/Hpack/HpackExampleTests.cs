// SPDX-License-Identifier: Apache-2.0
using Penstock.Http2.Hpack;

namespace Penstock.Http2.Tests.Hpack;

/// <summary>RFC 7541 appendix C.</summary>
public sealed class HpackExampleTests
{
    private const string Date21 = "date: Mon, 21 Oct 2013 20:13:21 GMT";
    private const string Date22 = "date: Mon, 21 Oct 2013 20:13:22 GMT";
    private const string Location = "location: https://www.example.com";
    private const string SetCookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";

    public static TheoryData<string, int, string[], string[][], int[]> Series => new()
    {
        {
            "C.2.1", 4096, ["400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"], [["custom-key: custom-header"]], [55]
        },
        { "C.2.2", 4096, ["040c 2f73 616d 706c 652f 7061 7468"], [[":path: /sample/path"]], [0] },
        { "C.2.3", 4096, ["1008 7061 7373 776f 7264 0673 6563 7265 74"], [["password: secret"]], [0] },
        { "C.2.4", 4096, ["82"], [[":method: GET"]], [0] },
        {
            "C.3", 4096,
            [
                "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
                "8286 84be 5808 6e6f 2d63 6163 6865",
                "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
            ],
            Requests, [57, 110, 164]
        },
        {
            "C.4", 4096,
            C4,
            Requests, [57, 110, 164]
        },
        {
            "C.5", 256,
            [
                "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
                "4803 3330 37c1 c0bf",
                "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
            ],
            Responses, [222, 222, 215]
        },
        {
            "C.6", 256,
            [
                "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
                "4883 640e ffc1 c0bf",
                "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
            ],
            Responses, [222, 222, 215]
        },
    };

    private static string[] C4 =>
    [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];

    private static string[][] Requests =>
    [
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
        [":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value"],
    ];

    private static string[][] Responses =>
    [
        [":status: 302", "cache-control: private", Date21, Location],
        [":status: 307", "cache-control: private", Date21, Location],
        [":status: 200", "cache-control: private", Date22, Location, "content-encoding: gzip", SetCookie],
    ];

    [Theory]
    [MemberData(nameof(Series))]
    public void Decoder_ExampleOfTheStandard_GivesItsFieldsAndTable(string section, int tableSize, string[] blocks, string[][] fields, int[] sizes)
    {
        var decoder = new HpackDecoder(tableSize);
        for (var i = 0; i < blocks.Length; i++)
        {
            Blocks.Decode(decoder, Blocks.Bytes(blocks[i])).ShouldBe(fields[i], section);
            decoder.TableSize.ShouldBe(sizes[i], section);
        }
    }

    [Theory]
    [MemberData(nameof(Series))]
    public void Decoder_EveryTruncation_IsRejectedOrAPrefix(string section, int tableSize, string[] blocks, string[][] fields, int[] sizes)
    {
        _ = sizes;
        var whole = Blocks.Bytes(blocks[0]);
        for (var length = 0; length < whole.Length; length++)
        {
            var got = Blocks.Decode(new HpackDecoder(tableSize), whole[..length], out var fault);

            got.ShouldBe(fields[0][..got.Length], $"{section} cut at {length}");
            (fault is HpackFault.None or HpackFault.Truncated).ShouldBeTrue($"{section} cut at {length}: {fault}");
        }
    }

    [Fact]
    public void Encoder_RequestsOfC4_GivesTheirBytes()
    {
        var encoder = new HpackEncoder(4096);
        string[] blocks = C4;
        for (var i = 0; i < blocks.Length; i++)
            Convert.ToHexStringLower(Blocks.Encode(encoder, Requests[i])).ShouldBe(Convert.ToHexStringLower(Blocks.Bytes(blocks[i])));
        encoder.TableSize.ShouldBe(164);
    }

    [Fact]
    public void Huffman_EveryByte_ComesBack()
    {
        var random = new Random(20221);
        for (var round = 0; round < 2000; round++)
        {
            var text = new byte[random.Next(0, 64)];
            random.NextBytes(text);
            var encoded = new byte[HuffmanCode.EncodedLength(text)];
            HuffmanCode.Encode(text, encoded).ShouldBe(encoded.Length);
            var decoded = new byte[HuffmanCode.MaxDecodedLength(encoded.Length)];
            decoded[..HuffmanCode.Decode(encoded, decoded)].ShouldBe(text);
        }
    }

    [Theory]
    [InlineData("ff")] // Eight bits of padding.
    [InlineData("f8ff")] // '&', then eight bits of padding.
    [InlineData("f1e3c2e5f23a6ba0ab90f4fe")] // Padding that is not of ones.
    [InlineData("fffffffc")] // EOS.
    [InlineData("1ffffffffc")]
    public void Huffman_BadEnd_IsRejected(string hex)
    {
        var encoded = Convert.FromHexString(hex);

        HuffmanCode.Decode(encoded, new byte[HuffmanCode.MaxDecodedLength(encoded.Length)]).ShouldBe(-1);
    }
}
