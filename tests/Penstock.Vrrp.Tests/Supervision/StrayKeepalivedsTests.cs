// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.Linux;
using Penstock.Model.Vrrp;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Tests.Supervision;

/// <summary>keepaliveds that are there before this daemon's start: its own, those that other daemons have left, and those that are none of its business.</summary>
public sealed class StrayKeepalivedsTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly string _root = Directory.CreateTempSubdirectory("penstock-strays-").FullName;
    private readonly VrrpInstanceConfig _instance = Some.Instance() with { Interface = $"t{Guid.NewGuid():N}"[..12] };
    private readonly KeepalivedFolder _left;
    private readonly NetworkClaim _claim;

    public StrayKeepalivedsTests()
    {
        _claim = NetworkClaim.TryTake(RouterTurns.Name(_instance)).ShouldNotBeNull();
        _left = Folder("left", "state");
        Hold(_left);
    }

    private string Own => Path.Combine(_root, "own");

    public void Dispose()
    {
        _claim.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task Find_OneThatHoldsTheRouter_IsIt_UnlessAnotherOneIsHeld()
    {
        using var keepalived = new StandIn(_left.Arguments);
        (await FindAsync(_instance)).ShouldHaveSingleItem().Run.ShouldBe(_left.Run);

        using var other = NetworkClaim.TryTake(RouterTurns.Name(_instance with { RouterId = 52 })).ShouldNotBeNull();
        (await FindAsync(_instance with { RouterId = 52 })).ShouldBeEmpty();
    }

    [Fact]
    public void Find_ANumberThatMeansAnotherProcessByNow_IsNone()
    {
        using StandIn other = new(["--dont-fork", "--use-file", "/etc/keepalived/keepalived.conf"]), keepalived = new(_left.Arguments);

        StrayKeepaliveds.FindAmong([(other.Pid, _left.Arguments)], Own, [_instance]).ShouldBeEmpty();
        StrayKeepaliveds.FindAmong([(keepalived.Pid, _left.Arguments)], Own, [_instance]).ShouldHaveSingleItem().Run.ShouldBe(_left.Run);
    }

    [Fact]
    public async Task Find_OneOfItsOwnRunFolder_IsNone_AlsoByALink()
    {
        using var keepalived = new StandIn(_left.Arguments);
        (await FindAsync(_instance, Path.GetDirectoryName(_left.Run))).ShouldBeEmpty();

        Directory.CreateSymbolicLink(Own, Path.GetDirectoryName(_left.Run)!);
        File.WriteAllText(_left.PidFile, $"{keepalived.Pid}\n");
        (await FindAsync(_instance)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Find_OneWhoseHoldingsNeverEnd_IsNotWaitedFor()
    {
        File.Delete(_left.HoldingsFile);
        using var fifo = Fifo.Open(_left.HoldingsFile);
        using var keepalived = new StandIn(_left.Arguments);

        (await FindAsync(_instance)).ShouldBeEmpty();
    }

    /// <summary>Any user can start a process with such arguments, and must not keep this daemon from its start.</summary>
    [RootFact]
    public async Task Find_WhatAnotherUsersProcessNames_IsNotRead_AndCountsForNothingWithoutTheAddress()
    {
        File.Delete(_left.HoldingsFile);
        Directory.CreateDirectory(Path.Combine(Own, _left.Group));
        File.WriteAllText(Path.Combine(Own, _left.Group, "keepalived.pid"), "1\n");
        using Fifo holdings = Fifo.Open(_left.HoldingsFile), pid = Fifo.Open(_left.PidFile);
        using var keepalived = new StandIn(_left.Arguments, StandIn.AsOtherUser);

        (await FindAsync(_instance)).ShouldBeEmpty();
    }

    [RootFact]
    public async Task Find_OneOfAnotherNetwork_IsNone()
    {
        using var keepalived = new StandIn(_left.Arguments, StandIn.InOtherNetwork);

        (await FindAsync(_instance)).ShouldBeEmpty();
    }

    [RootFact]
    public void Search_OneOfAnotherNetworkOrUser_IsNotFound()
    {
        using (new StandIn(_left.Arguments, StandIn.InOtherNetwork))
            Search().ShouldBeNull("a container's may have the same folders");
        using (new StandIn(_left.Arguments, StandIn.AsOtherUser))
            Search().ShouldBeNull("anybody may start one");

        using var keepalived = new StandIn(_left.Arguments);
        Search().ShouldBe(keepalived.Pid);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TakeOver_OneWhoseConfigurationIsInAnotherFolder_IsEnded(bool hasPidFile)
    {
        using var keepalived = new StandIn(_left.Arguments);
        if (hasPidFile)
            File.WriteAllText(_left.PidFile, $"{keepalived.Pid}\n");

        using var process = Process(Folder("left", "moved"));

        keepalived.HasEnded.ShouldBeTrue();
        process.Status.Pid.ShouldBeNull();
    }

    [Fact]
    public void TakeOver_OneWhosePidFileIsLost_IsWatched()
    {
        using var keepalived = new StandIn(_left.Arguments);

        using var process = Process(_left);

        process.Status.Pid.ShouldBe(keepalived.Pid);
        keepalived.HasEnded.ShouldBeFalse();
    }

    private KeepalivedProcess Process(KeepalivedFolder folder) =>
        new(folder, new ProgramStart("/bin/false", "/nonexistent", "penstock-keepalived"), NullLogger.Instance, TimeProvider.System, network: RouterTurns.Name(_instance));

    private int? Search()
    {
        using var found = ProgramProcess.Search(_left.RunArguments, RouterTurns.Name(_instance));
        return found?.Pid;
    }

    private Task<IReadOnlyList<KeepalivedFolder>> FindAsync(VrrpInstanceConfig instance, string? run = null) => Task.Run(() => StrayKeepaliveds.Find(run ?? Own, [instance])).WaitAsync(s_patience);

    private KeepalivedFolder Folder(string run, string state)
    {
        var folder = new KeepalivedFolder(Path.Combine(_root, state), Path.Combine(_root, run), "edge");
        Directory.CreateDirectory(folder.Run);
        return folder;
    }

    private void Hold(KeepalivedFolder folder) =>
        File.WriteAllLines(folder.HoldingsFile, Holdings.Format([new KeepalivedInstance("edge", [new KeepalivedAddress(_instance.Interface, _instance.Token().Address), new KeepalivedAddress(_instance.Interface, IPAddress.Parse("10.8.0.100"))], [])]));
}
