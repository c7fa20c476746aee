// SPDX-License-Identifier: Apache-2.0
using System.Text;
using System.Text.RegularExpressions;
using Penstock.Model.Expressions;

namespace Penstock.Model.Tests.Expressions;

/// <summary>Expressions against .NET's own of linear time, whose construction takes a hundred times the memory.</summary>
public sealed class ExpressionTests
{
    [Theory]
    [InlineData(@"\w")]
    [InlineData(@"\W")]
    [InlineData(@"\d")]
    [InlineData(@"\D")]
    [InlineData(@"\s")]
    [InlineData(@"\S")]
    [InlineData(".")]
    [InlineData("(?s).")]
    [InlineData(@"\p{L}")]
    [InlineData(@"\p{Lu}")]
    [InlineData(@"\P{Ll}")]
    [InlineData(@"\p{Cn}")]
    [InlineData("[^a-z]")]
    [InlineData(@"[\w-[\d_]]")]
    [InlineData("[]a]")]
    [InlineData("[^]a]")]
    [InlineData("[a-]")]
    [InlineData("[-a]")]
    [InlineData(@"[\d\-x]")]
    [InlineData(@"[\b]")]
    [InlineData(@"\x41|\u00e9|\cA|\e|\07|\.")]
    [InlineData("(?i)k")]
    [InlineData("(?i:é)")]
    [InlineData("(?i)[^x]")]
    public void IsMatch_EveryCharacter_IsDecidedAsByDotNet(string pattern)
    {
        var expected = DotNet(pattern);
        var expression = Expression.Parse(pattern);

        Enumerable.Range(0, 0x10000)
            .Where(unit => !char.IsSurrogate((char)unit) && expression.IsMatch(Encoding.UTF8.GetBytes([(char)unit])) != expected.IsMatch([(char)unit]))
            .ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void IsMatch_GeneratedExpressionsAndTexts_IsDecidedAsByDotNet(int seed)
    {
        var random = new Random(seed);
        var matched = 0;
        for (var i = 0; i < 1000; i++)
        {
            var pattern = Generate(random, 4);
            var expected = DotNet(pattern);
            var expression = Expression.Parse(pattern);
            for (var j = 0; j < 12; j++)
            {
                var text = string.Concat(Enumerable.Range(0, random.Next(7)).Select(_ => "aab/1é_\n-€A"[random.Next(11)]));
                var matches = expected.IsMatch(text);
                matched += matches ? 1 : 0;
                expression.IsMatch(Encoding.UTF8.GetBytes(text)).ShouldBe(matches, $"{pattern} on {text}");
            }
        }

        matched.ShouldBeGreaterThan(500);
    }

    [Theory]
    [InlineData("a**", "a repetition of a repetition; put the first into a group", 2)]
    [InlineData("*a", "a repetition of nothing", 0)]
    [InlineData("a|{2}", "a repetition of nothing", 2)]
    [InlineData("/(a", "a parenthesis that is not closed", 1)]
    [InlineData("(?i", "a parenthesis that is not closed", 0)]
    [InlineData("a)", "a closing parenthesis without an opening one", 1)]
    [InlineData("[a", "a bracket that is not closed", 0)]
    [InlineData("a\\", "a backslash at the end", 1)]
    [InlineData("[b-a]", "a range whose end comes before its beginning", 1)]
    [InlineData("[a-[b]c]", "something behind a subtraction, which must be last", 6)]
    [InlineData("[[:alpha:]]", "a POSIX class, which is not known here; use \\d, \\w, \\s or \\p{L}", 1)]
    [InlineData(@"\p{Greek}", "a property that is no general category of Unicode such as \\p{L} or \\p{Lu}", 0)]
    [InlineData(@"a\q", "\\q, which stands for nothing", 1)]
    [InlineData(@"\x4", "a code of fewer than 2 hexadecimal digits", 0)]
    [InlineData("a{2,1}", "a count whose upper bound is below its lower", 1)]
    [InlineData("a{99999999999}", "a count beyond all bounds", 1)]
    [InlineData("a{10000}", "repetitions that multiply to more than 10000 steps", 0)]
    [InlineData("(?>a)", "an atomic group, which cannot be evaluated in linear time", 0)]
    [InlineData("a(?=b)", "lookaround, which cannot be evaluated in linear time", 1)]
    [InlineData("(?<!a)b", "lookaround, which cannot be evaluated in linear time", 0)]
    [InlineData(@"(a)\1", "a backreference, which cannot be evaluated in linear time", 3)]
    [InlineData("(?<n", "a group whose name is not of letters, digits and '_'", 0)]
    [InlineData("(?y)a", "a group of an unknown kind", 0)]
    public void Parse_Wrong_IsRefusedWithItsPlace(string pattern, string message, int offset)
    {
        var refusal = Should.Throw<ExpressionException>(() => Expression.Parse(pattern));

        (refusal.Message, refusal.Offset).ShouldBe((message, offset));
    }

    [Fact]
    public void Parse_GroupsWithinGroups_AreTakenToABound()
    {
        Expression.Parse(Nested(100)).IsMatch("a"u8).ShouldBeTrue();
        Should.Throw<ExpressionException>(() => Expression.Parse(Nested(101))).Message.ShouldBe("more than 100 groups within one another");

        static string Nested(int depth) => new string('(', depth) + "a" + new string(')', depth);
    }

    [Fact]
    public void Parse_EmptyGroupsRepeated_CostNothing() =>
        Expression.Parse("((((){1000}){1000}){1000}){1000}(|){9}").IsMatch(""u8).ShouldBeTrue();

    [Theory]
    [InlineData("(a*)*b")]
    [InlineData("(a|aa)+b")]
    [InlineData("(.*)(.*)(.*)(.*)(.*)b")]
    public void IsMatch_ExpressionsThatBacktrackingCannotFinish_AreDecided(string pattern)
    {
        var text = Encoding.UTF8.GetBytes(new string('a', 100_000));
        var expression = Expression.Parse(pattern);

        expression.IsMatch(text).ShouldBeFalse();
        expression.IsMatch([.. text, (byte)'b']).ShouldBeTrue();
    }

    [Fact]
    public void IsMatch_MoreStatesThanTheTableHolds_GoesOnWithoutIt()
    {
        // Whether the twentieth from the end is an a: a table of 2^20 states.
        var expression = Expression.Parse(@"(?m:[ab]*a[ab]{19}|\b[ab]*!$)");
        var random = new Random(5);
        for (var i = 0; i < 500; i++)
        {
            var text = string.Concat(Enumerable.Range(0, 200).Select(_ => random.Next(2) == 0 ? 'a' : 'b'));
            expression.IsMatch(Encoding.ASCII.GetBytes(text)).ShouldBe(text[^20] == 'a');
            expression.IsMatch(Encoding.ASCII.GetBytes(text + "!")).ShouldBeTrue();
        }
    }

    [Fact]
    public void IsMatch_ManyThreadsOnOneNewExpression_AgreeWithDotNet()
    {
        const string pattern = @"/(?:[a-c]+/)*(?:x\d{1,3}|[^/]*\.(?:js|css))";
        var expected = DotNet(pattern);
        var random = new Random(9);
        var texts = Enumerable.Range(0, 200).Select(_ => "/" + string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => (string[])["a/", "b", "/", "x1", "23", ".js", ".css"]).Select(parts => parts[random.Next(parts.Length)]))).ToArray();
        var answers = texts.Select(text => expected.IsMatch(text)).ToArray();
        answers.ShouldContain(true);

        for (var round = 0; round < 50; round++)
        {
            var expression = Expression.Parse(pattern);
            Parallel.For(0, 8, _ =>
            {
                for (var i = 0; i < texts.Length; i++)
                    expression.IsMatch(Encoding.UTF8.GetBytes(texts[i])).ShouldBe(answers[i]);
            });
        }
    }

    [Fact]
    public void IsMatch_BytesThatAreNoUtf8_CountAsReplacement()
    {
        Expression.Parse("/.+").IsMatch([(byte)'/', 0xFF, 0xC3]).ShouldBeTrue();
        Expression.Parse("/\uFFFD\uFFFD").IsMatch([(byte)'/', 0xFF, 0xC3]).ShouldBeTrue();
        Expression.Parse("/.").IsMatch(Encoding.UTF8.GetBytes("/😀")).ShouldBeTrue();
        Expression.Parse("/[😀-😂]").IsMatch(Encoding.UTF8.GetBytes("/😁")).ShouldBeTrue();
    }

    [Fact]
    public void Expressions_OfAnAppliance_TakeFewKilobytesAndNothingForEachMatch()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var expressions = Enumerable.Range(0, 200).Select(i => Expression.Parse($"/api/v[0-9]+/users/{i}/.*")).ToArray();
        var path = "/api/v12/users/7/profile"u8.ToArray();
        var matched = expressions.Count(expression => expression.IsMatch(path));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(200 * 100_000L);
        matched.ShouldBe(1);

        before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var expression in expressions)
            matched += expression.IsMatch(path) ? 1 : 0;
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        matched.ShouldBe(2);
    }

    private static Regex DotNet(string pattern) => new($@"\A(?:{pattern})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    private static string Generate(Random random, int depth) => random.Next(depth == 0 ? 9 : 19) switch
    {
        0 => "a",
        1 => "b",
        2 => "/",
        3 => "[ab]",
        4 => "[^a]",
        5 => @"\d",
        6 => ".",
        7 => Any(random, @"\b", @"\B", "^", "(?m:^)", "(?m:$)", @"\A", @"\z", @"\w", @"\W", "\n"),
        8 => Any(random, "é", "", "(?i:A)", "€", "(?#c)"),
        9 or 10 or 11 => Generate(random, depth - 1) + Generate(random, depth - 1),
        12 or 13 => $"(?:{Generate(random, depth - 1)}|{Generate(random, depth - 1)})",
        14 => $"({Generate(random, depth - 1)})*",
        15 => $"({Generate(random, depth - 1)})+?",
        16 => $"({Generate(random, depth - 1)})?",
        17 => $"({Generate(random, depth - 1)}){{{random.Next(3)},{random.Next(2, 4)}}}",
        _ => $"(?<n>{Generate(random, depth - 1)}){{{random.Next(3)},}}",
    };

    private static string Any(Random random, params string[] parts) => parts[random.Next(parts.Length)];
}
