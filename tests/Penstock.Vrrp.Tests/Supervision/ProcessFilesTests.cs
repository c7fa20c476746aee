// SPDX-License-Identifier: Apache-2.0
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Tests.Supervision;

public sealed class ProcessFilesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("penstock-vrrp-").FullName;
    private readonly KeepalivedFolder _folder;

    public ProcessFilesTests()
    {
        _folder = new KeepalivedFolder(Path.Combine(_root, "state"), Path.Combine(_root, "run"), "edge");
        Directory.CreateDirectory(_folder.State);
        Directory.CreateDirectory(_folder.Run);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Configuration_ThatIsOnlyProposed_LeavesTheLastGoodOne()
    {
        var config = new ProgramConfigFile(_folder.ConfigFile, _folder.Run);
        config.Propose("good");
        config.Accept("good");
        config.Loaded();

        config.Propose("better");

        File.ReadAllText(_folder.ConfigFile).ShouldBe("good");
        File.GetUnixFileMode(_folder.ConfigFile).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, "passwords may be in it");
        config.IsLoaded("good").ShouldBeTrue();
        config.IsLoaded("better").ShouldBeFalse();
    }

    [Fact]
    public void Configuration_ThatKeepalivedWasNotToldOf_IsNotLoadedForTheNextDaemon()
    {
        var config = new ProgramConfigFile(_folder.ConfigFile, _folder.Run);
        config.Propose("text");
        config.Accept("text");
        new ProgramConfigFile(_folder.ConfigFile, _folder.Run).IsLoaded("text").ShouldBeFalse();

        config.Loaded();

        new ProgramConfigFile(_folder.ConfigFile, _folder.Run).IsLoaded("text").ShouldBeTrue();
    }

    [Theory]
    [InlineData(0, "0   \n")]
    [InlineData(-60, "-60 \n")]
    [InlineData(-254, "-254\n")]
    public void Health_OverAnotherValue_IsThatValueAlone(int value, string text)
    {
        var file = _folder.HealthFile("edge");
        HealthFile.Write(file, -253);

        HealthFile.Write(file, value);
        HealthFile.Ensure(file);

        File.ReadAllText(file).ShouldBe(text);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-255)]
    public void Health_OutOfRange_IsRefused(int value) => Should.Throw<ArgumentOutOfRangeException>(() => HealthFile.Write(_folder.HealthFile("edge"), value));

    [Fact]
    public void Lease_ThatIsRenewed_LastsUntilThen()
    {
        var until = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

        KeepalivedLease.Renew(_folder.LeaseFile, until);
        KeepalivedLease.Renew(_folder.LeaseFile, until.AddSeconds(-9));

        File.GetLastWriteTimeUtc(_folder.LeaseFile).ShouldBe(until.UtcDateTime.AddSeconds(-9));
    }

    [Fact]
    public void Lease_OfADaemonThatStartsAgain_IsBridgedOnceUntilItIsRenewed()
    {
        var now = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);
        KeepalivedLease.TryBridge(_folder.LeaseFile, now, TimeSpan.FromSeconds(30)).ShouldBeFalse("there was no daemon before");
        KeepalivedLease.Renew(_folder.LeaseFile, now.AddSeconds(-1));

        KeepalivedLease.TryBridge(_folder.LeaseFile, now, TimeSpan.FromSeconds(30)).ShouldBeTrue();
        File.GetLastWriteTimeUtc(_folder.LeaseFile).ShouldBe(now.UtcDateTime.AddSeconds(30));
        KeepalivedLease.TryBridge(_folder.LeaseFile, now.AddSeconds(20), TimeSpan.FromSeconds(30)).ShouldBeFalse("the start that was bridged came to nothing");
        File.GetLastWriteTimeUtc(_folder.LeaseFile).ShouldBe(now.UtcDateTime.AddSeconds(30));

        KeepalivedLease.Hold(_folder.LeaseFile, now.AddSeconds(25));
        KeepalivedLease.TryBridge(_folder.LeaseFile, now.AddSeconds(20), TimeSpan.FromSeconds(30)).ShouldBeFalse("no daemon has come to run");
        KeepalivedLease.Renew(_folder.LeaseFile, now.AddSeconds(22));
        KeepalivedLease.TryBridge(_folder.LeaseFile, now.AddSeconds(20), TimeSpan.FromSeconds(30)).ShouldBeTrue();
    }

    [Fact]
    public void Lease_ThatHasBeenMissed_IsNotBridged()
    {
        var now = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);
        KeepalivedLease.Renew(_folder.LeaseFile, now.AddSeconds(-1.5));

        KeepalivedLease.TryBridge(_folder.LeaseFile, now, TimeSpan.FromSeconds(30)).ShouldBeFalse();
        KeepalivedLease.Renew(_folder.LeaseFile, now);
        KeepalivedLease.TryBridge(_folder.LeaseFile, now, TimeSpan.Zero).ShouldBeFalse();
    }
}
