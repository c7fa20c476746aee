// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Peers.Tests.Harness;

/// <summary>One penstock in front of one origin that answers <c>ok</c>, shared by the tests of a class.</summary>
public sealed class ProxyFixture : IAsyncLifetime
{
    /// <summary>The origin.</summary>
    internal RawOrigin Origin { get; } = RawOrigin.Answering();

    /// <summary>The proxy.</summary>
    internal PenstockProcess Penstock { get; private set; } = null!; // set before the first test by InitializeAsync

    /// <inheritdoc/>
    public async Task InitializeAsync() => Penstock = await PenstockProcess.StartAsync(Origin);

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        await Penstock.DisposeAsync();
        await Origin.DisposeAsync();
    }
}
