// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Observability;

namespace Penstock.Model.Tests.Observability;

public sealed class AccessLogFormatTests
{
    [Fact]
    public void Names_EveryField_HasItsOwn()
    {
        foreach (var field in Enum.GetValues<AccessLogField>())
        {
            AccessLogFields.TryParse(AccessLogFields.Name(field), out var parsed).ShouldBeTrue();
            parsed.ShouldBe(field);
            AccessLogFields.Name(field).Replace("_", "", StringComparison.Ordinal).ShouldBe(field.ToString().ToLowerInvariant());
        }

        AccessLogFields.Names.Length.ShouldBe(Enum.GetValues<AccessLogField>().Length);
    }

    [Fact]
    public void TryParse_Json_HasNoSegments()
    {
        AccessLogFormat.TryParse("json", out var format, out _, out _).ShouldBeTrue();

        format.IsJson.ShouldBeTrue();
    }

    [Fact]
    public void TryParse_TextAndFields_GivesThemInOrder()
    {
        AccessLogFormat.TryParse("100%% %{client_address} \"%{method}%{target}\"", out var format, out _, out _).ShouldBeTrue();

        format.Segments.ShouldBe(
        [
            new AccessLogSegment("100% ", default),
            new AccessLogSegment(null, AccessLogField.ClientAddress),
            new AccessLogSegment(" \"", default),
            new AccessLogSegment(null, AccessLogField.Method),
            new AccessLogSegment(null, AccessLogField.Target),
            new AccessLogSegment("\"", default),
        ]);
    }

    [Theory]
    [InlineData("%{status} %{statsu}", 12, "unknown field 'statsu'")]
    [InlineData("%{status} %", 10, "'%' that is neither")]
    [InlineData("%{status} %s", 10, "'%' that is neither")]
    [InlineData("%{status", 0, "'%' that is neither")]
    [InlineData("%{status}\n", 9, "control character U+000A")]
    [InlineData("hello", 0, "no %{field}")]
    [InlineData("", 0, "no %{field}")]
    public void TryParse_BadFormat_SaysWhatAndWhere(string text, int position, string error)
    {
        AccessLogFormat.TryParse(text, out _, out var found, out var at).ShouldBeFalse();

        found.ShouldContain(error);
        at.ShouldBe(position);
    }
}
