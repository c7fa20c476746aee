// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.Linux;
using Penstock.Vrrp.Bgp;
using Penstock.Vrrp.Supervision;
using Penstock.Vrrp.Tests.Supervision;

namespace Penstock.Vrrp.Tests.Bgp;

/// <summary>BIRDs that are there before this daemon's start.</summary>
public sealed class StrayBirdsTests : IDisposable
{
    private static readonly ProgramStart s_start = new("/bin/true", "/nonexistent", "penstock-bird");

    private readonly string _root = Directory.CreateTempSubdirectory("penstock-birds-").FullName;
    private readonly string _network = $"penstock-test/{Guid.NewGuid():N}";
    private readonly NetworkClaim _claim;
    private readonly BirdFolder _left;

    public StrayBirdsTests()
    {
        _claim = NetworkClaim.TryTake(_network).ShouldNotBeNull();
        _left = Folder("left");
    }

    public void Dispose()
    {
        _claim.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void Arguments_ThatAreNoDaemons_AreNoFolder()
    {
        BirdFolder.Of(_left.Arguments).ShouldBe(_left);
        BirdFolder.Of(_left.Arguments[..^1]).ShouldBeNull();
        BirdFolder.Of(["-f", "-u", "bird", "-g", "bird"]).ShouldBeNull("Debian's own");
        BirdFolder.Of(["-f", "-c", "state/bird.conf", .. new BirdFolder("state", "run").RunArguments]).ShouldBeNull("from another working directory");
    }

    [Fact]
    public void End_OneOfOtherFolders_ButNotItsOwn()
    {
        var operators = Folder("operator's");
        File.Delete(operators.LogFile);
        using StandIn left = new(_left.Arguments), own = new(Folder("own").Arguments), watched = new(Folder("link").Arguments), other = new(operators.Arguments);

        StrayBirds.End(Folder("own"), watched.Pid, _network, TimeSpan.FromSeconds(20), NullLogger.Instance);

        (left.HasEnded, own.HasEnded, watched.HasEnded, other.HasEnded).ShouldBe((true, false, false, false));
    }

    [Fact]
    public void End_OneWhoseDaemonLives_IsRefused()
    {
        using var left = new StandIn(_left.Arguments);
        using var turn = FolderLock.TryTake(_left.Run);

        Should.Throw<AddressApplyException>(() => StrayBirds.End(Folder("own"), null, _network, TimeSpan.FromSeconds(20), NullLogger.Instance))
            .Message.ShouldBe($"process {left.Pid} is the BIRD of another penstock of this host ({_left.Run}), which runs: stop it, or have it do without");
        left.HasEnded.ShouldBeFalse();
    }

    [RootFact]
    public void End_OneOfAnotherNetworkOrUser_IsLeftAlone()
    {
        using StandIn network = new(_left.Arguments, StandIn.InOtherNetwork), user = new(_left.Arguments, StandIn.AsOtherUser);

        StrayBirds.End(Folder("own"), null, _network, TimeSpan.FromSeconds(20), NullLogger.Instance);

        (network.HasEnded, user.HasEnded).ShouldBe((false, false));
    }

    /// <summary>Numbers are given out anew: between the look through all processes and the signal one may have come to mean another.</summary>
    [Fact]
    public void End_ANumberThatMeansAnotherProcessByNow_IsLeftAlone()
    {
        using StandIn other = new(["-f", "-c", "/etc/bird/bird.conf"]), left = new(_left.Arguments);

        StrayBirds.EndAmong([(other.Pid, _left.Arguments), (left.Pid, _left.Arguments)], Folder("own"), null, _network, TimeSpan.FromSeconds(20), NullLogger.Instance);

        (other.HasEnded, left.HasEnded).ShouldBe((false, true));
    }

    [Fact]
    public void TakeOver_OneWhosePidFileIsEmpty_IsWatched()
    {
        File.WriteAllText(_left.PidFile, "");
        using var bird = new StandIn(_left.Arguments);

        TakeOver(_left).ShouldBe(bird.Pid);
        bird.HasEnded.ShouldBeFalse();
    }

    [Fact]
    public void TakeOver_OneWhoseConfigurationIsInAnotherFolder_IsEnded()
    {
        using var bird = new StandIn(_left.Arguments);
        File.WriteAllText(_left.PidFile, $"{bird.Pid}\n");

        TakeOver(_left with { State = Path.Combine(_root, "moved") }).ShouldBeNull();

        bird.HasEnded.ShouldBeTrue();
    }

    [Fact]
    public void Turn_ThatWasNotToBeHad_IsTakenOnceItIs()
    {
        NetworkClaim? kept = null;
        var turn = $"penstock-test/{Guid.NewGuid():N}";
        using (var bird = new BirdProcess(_left, s_start, () => kept, NullLogger.Instance, TimeProvider.System))
        {
            bird.Check("first");
            kept = NetworkClaim.TryTake(turn);

            bird.Check("second");

            kept = null; // it has it, and asks for no other
            bird.Check("third");
            NetworkClaim.Holder(turn).ShouldNotBeNull();
        }

        // A program that a test beside this one starts has the socket too, until it is another.
        SpinWait.SpinUntil(() => NetworkClaim.Holder(turn) is null, TimeSpan.FromSeconds(20)).ShouldBeTrue("it has let it go");
    }

    private int? TakeOver(BirdFolder folder)
    {
        using var epoll = Epoll.Create();
        using var supervisor = new BirdSupervisor(folder, _network, () => s_start, NullLogger.Instance, TimeProvider.System, epoll.Number);
        supervisor.TakeOver();
        return supervisor.Status().Pid;
    }

    private BirdFolder Folder(string name)
    {
        var folder = new BirdFolder(Path.Combine(_root, name, "state"), Path.Combine(_root, name, "run"));
        Directory.CreateDirectory(folder.State);
        Directory.CreateDirectory(folder.Run);
        Fifo.Open(folder.LogFile).Dispose();
        return folder;
    }
}
