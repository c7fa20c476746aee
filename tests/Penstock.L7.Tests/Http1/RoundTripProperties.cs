// SPDX-License-Identifier: Apache-2.0
using FsCheck;
using FsCheck.Fluent;
using Penstock.Fuzz;
using Penstock.L7.Http1;
using Replay = Penstock.Fuzz.Replay;

namespace Penstock.L7.Tests.Http1;

/// <summary>Messages made by a grammar rather than by breaking others: what they hold is known beforehand.</summary>
public sealed class RoundTripProperties
{
    private const string TokenChars = "!#$%&'*+-.^`|~0123456789ABCXYZabcxyz";
    private const string PathChars = "abcXYZ019-._~!$&'()*+,;=:@/[]|^";
    private const string ValueChars = "abcXYZ019 \t!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~\x80\xe4\xff";

    private static Gen<string> Text(string chars, int least, int most) =>
        from length in Gen.Choose(least, most)
        from text in Gen.Elements(chars.ToCharArray()).ArrayOf(length)
        select new string(text);

    private static Gen<string> Request =>
        from method in Gen.OneOf(Gen.Elements("GET", "POST", "DELETE"), Text(TokenChars, 1, 8)).Where(method => method is not ("CONNECT" or "TRACE"))
        from path in Text(PathChars, 0, 40)
        from query in Gen.OneOf(Gen.Constant(""), Text(PathChars + "%{}?", 0, 30).Select(query => "?" + query))
        from names in Text(TokenChars, 1, 40).ListOf()
        from values in Text(ValueChars, 0, 60).ListOf(40)
        from body in Text(ValueChars + "\r\n\0", 0, 50)
        from chunked in Gen.Elements(true, false)
        let fields = string.Concat(names.Take(40).Select((name, i) => $"x{name}:{values[i]}\r\n"))
        let framed = chunked && body.Length > 0
            ? $"Transfer-Encoding: chunked\r\n\r\n{body.Length:x};e=\"{new string('q', body.Length)}\"\r\n{body}\r\n0\r\nx-t: u\r\n\r\n"
            : $"Content-Length: {body.Length}\r\n\r\n{body}"
        select $"{method} /{path}{query} HTTP/1.1\r\nHost: h.example\r\n{fields}{framed}";

    [Fact]
    public void Request_ByTheGrammar_IsAcceptedAndWrittenAlike() =>
        Prop.ForAll(Request.ToArbitrary(), text =>
        {
            byte[] bytes = Wire.Bytes(text);
            var replay = new Replay(Direction.Request, new HeadLimits(8192, 32768, 100));
            replay.Run(bytes, [bytes.Length], segmented: false);
            return replay.IsWhole && replay.Consumed == bytes.Length && new Oracle(8192).Check(Direction.Request, bytes, new Random(bytes.Length)) is null;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Bytes_AnyWhatever_BreakNoInvariant() =>
        Prop.ForAll(Gen.OneOf(Text(TokenChars + " \r\n\0:/;", 0, 200), Text("\r\n 0123456789abcdef;=\"", 0, 100).Select(tail => "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + tail)).ToArbitrary(), text =>
        {
            var oracle = new Oracle(4096);
            byte[] bytes = Wire.Bytes(text);
            return oracle.Check(Direction.Request, bytes, new Random(bytes.Length)) is null
                && oracle.Check(Direction.Response, bytes, new Random(bytes.Length)) is null;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
}
