// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2.Tests;

public sealed class Http2ErrorCodesTests
{
    [Theory]
    [InlineData(0u, "NO_ERROR")]
    [InlineData((uint)Http2ErrorCode.RefusedStream, "REFUSED_STREAM")]
    [InlineData((uint)Http2ErrorCode.Http11Required, "HTTP_1_1_REQUIRED")]
    [InlineData(0xABCDu, "error 0xabcd")]
    public void Name_OfACode_IsThatOfTheStandard(uint code, string name) => ((Http2ErrorCode)code).Name().ShouldBe(name);
}
