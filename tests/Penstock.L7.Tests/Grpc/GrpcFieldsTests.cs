// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text;
using Penstock.L7.Errors;
using Penstock.L7.Grpc;
using Penstock.L7.Http1;

namespace Penstock.L7.Tests.Grpc;

public sealed class GrpcFieldsTests
{
    private static readonly HeadLimits s_limits = new(1024, 1024, 10);

    [Theory]
    [InlineData("application/grpc", true)]
    [InlineData("Application/gRPC", true)]
    [InlineData("application/grpc+proto", true)]
    [InlineData("application/grpc;charset=utf-8", true)]
    [InlineData("application/grpc-web", false)]
    [InlineData("application/grpc-web+proto", false)]
    [InlineData("application/grp", false)]
    [InlineData("text/plain", false)]
    [InlineData("", false)]
    public void IsContentType_IsThatOfCalls(string value, bool expected) =>
        GrpcFields.IsContentType(Encoding.ASCII.GetBytes(value)).ShouldBe(expected);

    [Theory]
    [InlineData("2H", 7_200_000L)]
    [InlineData("3M", 180_000L)]
    [InlineData("10S", 10_000L)]
    [InlineData("250m", 250L)]
    [InlineData("0m", 0L)]
    [InlineData("1001u", 2L)]
    [InlineData("1n", 1L)]
    [InlineData("99999999H", 359_999_996_400_000L)]
    [InlineData("100000000m", null)]
    [InlineData("m", null)]
    [InlineData("10", null)]
    [InlineData("10s", null)]
    [InlineData("-1S", null)]
    [InlineData("1.5S", null)]
    public void Timeout_IsReadInMilliseconds(string value, long? expected) => GrpcFields.Timeout(Section(("x", "1"), ("grpc-timeout", value))).ShouldBe(expected);

    [Theory]
    [InlineData("0", "Ok")]
    [InlineData("14", "Unavailable")]
    [InlineData("16", "Unauthenticated")]
    [InlineData("17", "Unknown")]
    [InlineData("x", "Unknown")]
    public void Status_IsReadByItsNumber(string value, string expected) => GrpcFields.Status(Section(("grpc-status", value))).ToString().ShouldBe(expected);

    [Fact]
    public void Status_ThatIsNotThere_IsNone()
    {
        GrpcFields.Status(Section(("grpc-message", "0"))).ShouldBeNull();
        GrpcFields.Timeout(Section()).ShouldBeNull();
    }

    /// <summary>An endpoint in HTTP/1.1 may write it in any case.</summary>
    [Fact]
    public void Status_IsFoundInAnyCase()
    {
        var section = new TrailerSection();

        section.Parse(new ReadOnlySequence<byte>("Grpc-Status: 5\r\n\r\n"u8.ToArray()), s_limits, out _, out _).ShouldBe(ParseStatus.Done);

        GrpcFields.Status(section).ToString().ShouldBe("NotFound");
    }

    /// <summary>It would need encoding otherwise.</summary>
    [Fact]
    public void Message_OfEveryError_IsPrintableAndWithoutPercentSign()
    {
        var texts = new RejectionTexts();
        foreach (var error in ProxyErrors.All)
        {
            foreach (var reason in Enum.GetValues<RejectReason>())
            {
                var text = texts.BodyOf(error, reason).AsSpan().TrimEnd((byte)'\n');
                text.ContainsAnyExceptInRange((byte)' ', (byte)'~').ShouldBeFalse();
                text.Contains((byte)'%').ShouldBeFalse();
                GrpcFields.Trailers(GrpcStatus.Unavailable, text).FieldCount.ShouldBe(2);
            }
        }
    }

    [Theory]
    [InlineData("NoRoute", 404, "Unimplemented")]
    [InlineData("RequestRejected", 400, "Internal")]
    [InlineData("RequestRejected", 431, "Unknown")]
    [InlineData("ConnectionRefused", 502, "Unavailable")]
    [InlineData("NoHealthyEndpoint", 503, "Unavailable")]
    [InlineData("ConnectionTimeout", 504, "Unavailable")]
    [InlineData("RequestTimeout", 504, "DeadlineExceeded")]
    [InlineData("GrpcTimeout", 504, "DeadlineExceeded")]
    [InlineData("InternalError", 500, "Unknown")]
    public void Error_HasTheStatusOfItsHttpStatus_ButOfTimeLimits(string error, int status, string expected) =>
        GrpcStatuses.Of(Enum.Parse<ProxyError>(error), status).ToString().ShouldBe(expected);

    private static TrailerSection Section(params (string Name, string Value)[] fields)
    {
        var section = new TrailerSection();
        foreach (var (name, value) in fields)
            section.AddField(Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(value), s_limits).ShouldBe(RejectReason.None);
        return section;
    }
}
