// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2.Tests;

public sealed class Http2SettingsTests
{
    /// <summary>RFC 8441 section 3.</summary>
    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(0, 1, true)]
    [InlineData(1, 1, true)]
    [InlineData(1, 0, false)]
    [InlineData(0, 2, false)]
    [InlineData(1, 255, false)]
    public void EnableConnectProtocol_OfAServer_IsNeverTakenBack(int first, int then, bool isAllowed)
    {
        var settings = new Http2Settings();
        settings.Apply([0, 8, 0, 0, 0, (byte)first], ofServer: true).ShouldBe(Http2Fault.None);

        settings.Apply([0, 8, 0, 0, 0, (byte)then], ofServer: true).ShouldBe(isAllowed ? Http2Fault.None : Http2Fault.SettingsConnectInvalid);
    }

    /// <summary>It means nothing there.</summary>
    [Fact]
    public void EnableConnectProtocol_OfAClient_MayBeTakenBack()
    {
        var settings = new Http2Settings();

        settings.Apply([0, 8, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0], ofServer: false).ShouldBe(Http2Fault.None);
    }
}
