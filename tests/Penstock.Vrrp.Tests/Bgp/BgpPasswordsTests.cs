// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;
using Penstock.Vrrp.Bgp;

namespace Penstock.Vrrp.Tests.Bgp;

public sealed class BgpPasswordsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-bgp-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Fifo_IsRefused_AndNobodyWaitsForAWriter()
    {
        var path = Path.Combine(_folder, "password");
        Fifo.Open(path).Dispose();
        var config = SomeBgp.Config() with { Neighbors = [SomeBgp.Neighbor("tor1", "192.0.2.1") with { PasswordFile = path }] };

        var error = await Should.ThrowAsync<AddressApplyException>(() => Task.Run(() => BgpPasswords.Read(config)).WaitAsync(TimeSpan.FromSeconds(20)));

        error.Message.ShouldBe($"{path}: no regular file");
    }
}
