// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.Model;
using Penstock.Model.Vrrp;
using Penstock.Tests;

namespace Penstock.Vrrp.Tests;

public sealed partial class VrrpTierTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-vrrp-").FullName;
    private readonly Dictionary<string, FakeKeepalived> _started = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool> _isHeard = new(StringComparer.Ordinal);
    private readonly ManualTimeProvider _time = new();
    private readonly VrrpTier _tier;
    private Action _applying = () => { };
    private int? _ranBefore;
    private Action<VrrpRoleChange> _change = _ => { };

    public VrrpTierTests() => _tier = Tier();

    public void Dispose()
    {
        _tier.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Instances_RunInOneProcessForEachGroup()
    {
        _tier.Apply(Snapshot(Some.Instance("a", 1, "10.8.0.1/24") with { SyncGroup = "g" }, Some.Instance("b", 2, "10.8.0.2/24"), Some.Instance("c", 3, "10.8.0.3/24") with { SyncGroup = "g" }));

        _started.Keys.ShouldBe(["g", "b"], ignoreOrder: true);
        _started["g"].Instances.ShouldBe(["a", "c"]);
        _started["b"].Instances.ShouldBe(["b"]);
    }

    [Fact]
    public void Reload_LeavesGroupsThatStayAlone_AndStopsThoseThatGo()
    {
        var (stays, goes) = (Some.Instance("a", 1, "10.8.0.1/24"), Some.Instance("b", 2, "10.8.0.2/24"));
        _tier.Apply(Snapshot(stays, goes));
        var text = _started["a"].Text;

        _tier.Apply(Snapshot(stays, Some.Instance("c", 3, "10.8.0.3/24")));

        _started["a"].Text.ShouldBeSameAs(text, "a text that is the same is not applied again, or as the same");
        _started["a"].IsStopped.ShouldBeFalse();
        _started["b"].IsStopped.ShouldBeTrue();
        _started["c"].Instances.ShouldBe(["c"]);
        _tier.Status().Instances.Select(one => one.Name).ShouldBe(["a", "c"]);
    }

    [Fact]
    public void Apply_OneThatKeepalivedRefuses_ChangesNothing()
    {
        var first = Some.Instance("a", 1, "10.8.0.1/24");
        _tier.Apply(Snapshot(first));

        Should.Throw<AddressApplyException>(() => _tier.Apply(Snapshot(first with { Priority = 7 }, Some.Instance("refused", 2, "10.8.0.2/24"))));

        _started["a"].Text.ShouldContain("priority 100");
        _started["refused"].Text.ShouldBeEmpty();
        _started["refused"].IsStopped.ShouldBeTrue();
        _tier.Status().Instances.ShouldHaveSingleItem().Priority.ShouldBe(100);
    }

    [Fact]
    public void Apply_OneThatDoesNotStart_TakesTheOthersBack()
    {
        var first = Some.Instance("a", 1, "10.8.0.1/24");
        _tier.Apply(Snapshot(first));

        Should.Throw<AddressApplyException>(() => _tier.Apply(Snapshot(first with { Priority = 7 }, Some.Instance("broken", 2, "10.8.0.2/24"))));

        _started["a"].Text.ShouldContain("priority 100");
    }

    [Fact]
    public void Health_IsTold_WhenItChanges()
    {
        var instance = Some.Instance() with { Track = new VrrpTrackConfig { Services = [new VrrpTrackHealth { Name = "web" }] } };
        var good = Snapshot(instance);
        var bad = good with { Services = good.Services.Add("web", [Some.Backend("10.0.0.1", 1, EndpointState.Down)]) };

        foreach (var snapshot in (Snapshot[])[good, bad, bad with { Generation = 5 }, good])
            _tier.Apply(snapshot);

        _started["edge"].Told.ShouldBe([("edge", 0), ("edge", InstanceHealth.Fault), ("edge", 0)]);
    }

    [Fact]
    public void Checks_ThatKeepalivedMayNotRun_AreInTheStatus()
    {
        _ranBefore = 7;
        _tier.Apply(Snapshot(Some.Instance()));

        _tier.Status().Warnings.ShouldHaveSingleItem().ShouldStartWith("keepalived of edge may not run its checks: this host keeps its addresses even if penstock dies");
    }

    [Fact]
    public void Health_ThatLacks_IsInTheStatus()
    {
        var instance = Some.Instance() with { Track = new VrrpTrackConfig { Services = [new VrrpTrackHealth { Name = "web", Weight = 30 }] } };
        var snapshot = Snapshot(instance);
        _tier.Apply(snapshot with { Services = snapshot.Services.Add("web", [Some.Backend("10.0.0.1", 1, EndpointState.Down)]) });

        var status = _tier.Status();

        status.Instances[0].Health.ShouldBe(-30);
        status.Warnings.ShouldBe(["keepalived of edge does not run: this host does not take its addresses", "VRRP instance edge has its priority lowered by 30: service web: 0% is ready, 1% is asked for"]);
    }

    [Fact]
    public void Role_ThatChanges_IsTold()
    {
        var changes = 0;
        _tier.RolesChanged = () => changes++;
        _tier.Apply(Snapshot(Some.Instance()));

        Become(VrrpRole.Backup);
        Become(VrrpRole.Master);

        changes.ShouldBe(2);
        var roles = _tier.Roles;
        roles["edge"].ShouldBe(VrrpRole.Master);
        _tier.Roles.ShouldBeSameAs(roles);
        _tier.Apply(Snapshot());
        _tier.Roles.ShouldBeEmpty();
    }

    [Fact]
    public void Lease_OfAStartThatIsRefused_IsAsItWas()
    {
        _ranBefore = 7;
        var before = new DateTime(2030, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        Directory.CreateDirectory(_folder + "/run");
        File.WriteAllText(_folder + "/run/.lease", "");
        File.SetLastWriteTimeUtc(_folder + "/run/.lease", before);

        Should.Throw<AddressApplyException>(() => _tier.Apply(Snapshot(Some.Instance("a", 1, "10.8.0.1/24"), Some.Instance("broken", 2, "10.8.0.2/24"))));

        File.GetLastWriteTimeUtc(_folder + "/run/.lease").ShouldBe(before);
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData(7, 7)]
    public void Lease_OfAStartThatAnotherTierRefuses_IsAsItWas_OrHasEnded(int? before, double after)
    {
        if (before is { } seconds)
            KeepalivedLease.Renew(_folder + "/run/.lease", _time.GetUtcNow().AddSeconds(seconds));
        _tier.Apply(Snapshot(Some.Instance()));
        Left().ShouldBe(30);

        _tier.TakeBack();

        Left().ShouldBe(after);
    }

    [Fact]
    public void Lease_IsUntilTheDaemonWouldCountAsDead_AndLongerOverARestart()
    {
        _tier.Apply(Snapshot(Some.Instance()));
        Left().ShouldBe(30); // until all run
        _tier.Renew();
        Left().ShouldBe(2);
        _time.Advance(TimeSpan.FromSeconds(2));
        _tier.Renew();
        Left().ShouldBe(2);

        _tier.StayForRestart();
        _tier.Renew();

        Left().ShouldBe(30);
    }

    [Fact]
    public async Task Lease_IsRenewedWhileAKeepalivedTakesItsTime()
    {
        _tier.Apply(Snapshot(Some.Instance()));
        using var release = new ManualResetEventSlim();
        _applying = release.Wait;
        var apply = Task.Run(() => _tier.Apply(Snapshot(Some.Instance(), Some.Instance("second", 2, "10.8.0.2/24"))));
        await UntilAsync(() => _started.ContainsKey("second"));
        _time.Advance(TimeSpan.FromSeconds(5));

        await Task.Run(_tier.Renew).WaitAsync(TimeSpan.FromSeconds(20));

        Left().ShouldBe(2);
        release.Set();
        await apply;
    }

    [Fact]
    public async Task HandOver_LowersThePriority_AndWaitsForAnotherHost()
    {
        _tier.Apply(Snapshot(Some.Instance()));
        Become(VrrpRole.Master);

        var handed = Task.Run(() => _tier.HandOverAsync(CancellationToken.None));
        await UntilAsync(() => _time.UntilNextTimer is not null);
        _started["edge"].Told[^1].ShouldBe(("edge", InstanceHealth.Lowest));
        handed.IsCompleted.ShouldBeFalse();
        Become(VrrpRole.Backup);
        _time.Advance(TimeSpan.FromMilliseconds(10));

        (await handed.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeEmpty();
        _tier.GiveUp();
        _started["edge"].Told[^1].ShouldBe(("edge", InstanceHealth.Fault));
    }

    [Fact]
    public async Task HandOver_ThatNobodyTakes_NamesWhatStays()
    {
        _tier.Apply(Snapshot(Some.Instance()));
        Become(VrrpRole.Master);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        (await _tier.HandOverAsync(cancelled.Token)).ShouldBe(["edge"]);
    }

    [Fact]
    public void Apply_RefusedAtTheStart_LeavesWhatADaemonBeforeHasLeftRunning()
    {
        _ranBefore = 7;

        Should.Throw<AddressApplyException>(() => _tier.Apply(Snapshot(Some.Instance("refused", 2, "10.8.0.2/24"))));

        _started["refused"].IsStopped.ShouldBeFalse();
        _started["refused"].IsLeft.ShouldBeTrue();
    }

    [Fact]
    public void Health_OfASyncGroup_IsTheLowestOfItsInstances()
    {
        var tracking = Some.Instance("a", 1, "10.8.0.1/24") with { SyncGroup = "g", Track = new VrrpTrackConfig { Services = [new VrrpTrackHealth { Name = "web", Weight = 30 }] } };
        var snapshot = Snapshot(tracking, Some.Instance("b", 2, "10.8.0.2/24") with { SyncGroup = "g" });

        _tier.Apply(snapshot with { Services = snapshot.Services.Add("web", [Some.Backend("10.0.0.1", 1, EndpointState.Down)]) });

        _started["g"].Told.ShouldBe([("a", -30), ("b", -30)]);
    }

    [Fact]
    public void Instance_ThatChangesItsGroup_LeavesTheOneBeforeItRunsInTheOther()
    {
        _tier.Apply(Snapshot(Some.Instance()));
        var old = _started["edge"];
        _applying = () => old.IsStopped.ShouldBeTrue();

        _tier.Apply(Snapshot(Some.Instance() with { SyncGroup = "g" }));

        _started["g"].Instances.ShouldBe(["edge"]);
        _started["g"].Told.ShouldBe([("edge", 0)]);
    }

    [Fact]
    public void Instance_ThatChangesItsGroup_IsTakenBackWhereTheOtherDoesNotStart()
    {
        _tier.Apply(Snapshot(Some.Instance()));

        Should.Throw<AddressApplyException>(() => _tier.Apply(Snapshot(Some.Instance() with { SyncGroup = "broken" })));

        _started["edge"].IsStopped.ShouldBeFalse(); // another than at first
        _started["edge"].Told.ShouldBe([("edge", 0)]);
        _started["edge"].Instances.ShouldBe(["edge"]);
        _tier.Status().Processes.ShouldHaveSingleItem().Group.ShouldBe("edge");
    }

    [Fact]
    public void Groups_LeftByADaemonBefore_AreStoppedWithoutAnyInstanceToo()
    {
        Directory.CreateDirectory(_folder + "/run/gone");
        Directory.CreateDirectory(_folder + "/state");
        File.WriteAllText(_folder + "/state/gone.conf", "");

        _tier.Apply(Snapshot());

        _started["gone"].IsStopped.ShouldBeTrue();
    }

    [Fact]
    public void Groups_LeftByADaemonBefore_AreStopped()
    {
        foreach (var group in (string[])["gone", "moved", "stranger", "edge"])
            Directory.CreateDirectory(_folder + "/run/" + group);
        File.WriteAllText(_folder + "/run/moved/keepalived.pid", "1\n"); // its configuration is in the folder of states before
        Directory.CreateDirectory(_folder + "/state");
        File.WriteAllText(_folder + "/state/gone.conf", "");
        File.WriteAllText(_folder + "/state/edge.conf", "");

        _tier.Apply(Snapshot(Some.Instance()));

        _started.Keys.ShouldBe(["edge", "gone", "moved"], ignoreOrder: true);
        _started["gone"].IsStopped.ShouldBeTrue();
        _started["moved"].IsStopped.ShouldBeTrue();
        _isHeard["gone"].ShouldBeFalse("an instance of its name may be another group's");
        _started["edge"].IsStopped.ShouldBeFalse();
        File.Exists(_folder + "/state/gone.conf").ShouldBeFalse();
    }

    [Fact]
    public void SecondDaemon_OnTheSameFolder_IsRefused()
    {
        _tier.Apply(Snapshot(Some.Instance()));
        using var second = Tier();

        Should.Throw<AddressApplyException>(() => second.Apply(Snapshot(Some.Instance()))).Message.ShouldContain("another process runs the VRRP instances of");
        _tier.Apply(Snapshot());
        second.Apply(Snapshot(Some.Instance()));
    }

    [Fact]
    public void Program_OfANewConfiguration_IsTheNextToBeStarted()
    {
        var snapshot = Snapshot(Some.Instance());
        _tier.Apply(snapshot);

        _tier.Apply(snapshot with { Config = snapshot.Config with { Keepalived = snapshot.Config.Keepalived with { Binary = "/opt/keepalived", Socket = "/run/other.sock" } } });

        _started["edge"].Program.ShouldBe("/opt/keepalived /run/other.sock");
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 2000 && !condition(); i++)
            await Task.Delay(10);
        condition().ShouldBeTrue();
    }

    private VrrpTier Tier() => new(
        (_, folder, note) =>
        {
            _change = note ?? _change;
            _isHeard[folder.Group] = note is not null;
            return _started[folder.Group] = new FakeKeepalived(folder.Group, _ranBefore, _applying);
        },
        (_, name, what) => _squatted ? null : _turns.Add(name) ? new Turn(_turns, name) : throw new AddressApplyException($"{name} {what}"),
        (_, instances) => instances is [] ? [] : _left(),
        NullLoggerFactory.Instance,
        _time);

    private Snapshot Snapshot(params VrrpInstanceConfig[] instances)
    {
        var snapshot = Some.Snapshot(instances);
        return snapshot with { Config = snapshot.Config with { Keepalived = new KeepalivedConfig { Run = _folder + "/run", State = _folder + "/state" } } };
    }

    private void Become(VrrpRole role) => _change(new VrrpRoleChange("edge", VrrpRole.Unknown, role, _time.GetUtcNow()));

    private double Left() => Math.Round((File.GetLastWriteTimeUtc(_folder + "/run/.lease") - _time.GetUtcNow().UtcDateTime).TotalSeconds, 1);

    private sealed class FakeKeepalived(string group, int? pid, Action applying) : IKeepalived
    {
        public string Text { get; private set; } = "";

        public string[] Instances { get; private set; } = [];

        public string Program { get; private set; } = "";

        public void Use(string binary, string socket) => Program = $"{binary} {socket}";

        public bool IsStopped { get; private set; }

        public bool IsLeft { get; private set; }

        public List<(string Instance, int Value)> Told { get; } = [];

        public void Check(string text)
        {
            if (group == "refused")
                throw new AddressApplyException("refused");
        }

        public Task ApplyAsync(KeepalivedPlan plan)
        {
            applying();
            if (group == "broken")
                throw new AddressApplyException("broken");
            if (plan.Text != Text)
                (Text, Instances) = (plan.Text, [.. plan.Instances.Select(one => one.Name)]);
            return Task.CompletedTask;
        }

        public void SetHealth(string instance, int value) => Told.Add((instance, value));

        public KeepalivedStatus Status => new(group, pid, [], ImmutableSortedDictionary<string, long>.Empty, 0, RunsScripts: false);

        public Task StopAsync()
        {
            IsStopped = true;
            return Task.CompletedTask;
        }

        public void Dispose() => IsLeft = true;
    }
}
