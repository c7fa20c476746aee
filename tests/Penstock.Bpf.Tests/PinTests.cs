// SPDX-License-Identifier: Apache-2.0
using Penstock.L4;
using Penstock.L4.Xdp;
using Penstock.Linux;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.OwnNetwork;

namespace Penstock.Bpf.Tests;

/// <summary>What a daemon that was killed, or a second one, does to pins.</summary>
[Collection(CookieTests.Forking)]
public sealed class PinTests : IDisposable
{
    private readonly PinTree _pins = new(Directory.CreateTempSubdirectory("penstock-pins-").FullName);

    public void Dispose()
    {
        _pins.Delete();
        if (Directory.Exists(_pins.Root))
            Directory.Delete(_pins.Root);
    }

    [BpfFact]
    public void Own_ByASecondDaemon_LeavesAloneWhatTheFirstIsPinning()
    {
        using var owner = new PinOwner();
        using var second = new PinOwner();
        using var loaded = BpfObject.Open(Programs.Object("decap"));
        loaded.Load();
        using var map = loaded.Map("decap_stats");
        owner.Own(_pins);
        var beside = PinTree.Beside(_pins.Map("decap_stats"));
        map.Pin(beside);

        Should.Throw<L4ApplyException>(() => second.Own(new PinTree(_pins.Root))).Message.ShouldStartWith("another process runs the services pinned in");

        File.Exists(beside).ShouldBeTrue();
        owner.Own(_pins); // its own is of a start that was interrupted
        File.Exists(beside).ShouldBeFalse();
    }

    [BpfTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Probes_OfADaemonThatWasKilledWhileItReplacedThem_AreReplacedOrTakenAway(bool runs) => Run(0, () =>
    {
        Ip("link add h0 type veth peer name h1");
        var index = NetworkDevice.Index("h0");
        var filter = new TcFilter(index, 10, 0x5053); // as ProbeAttachments has it
        using Probes first = new(), killed = new(), next = new();
        _pins.Create();
        var attachments = new ProbeAttachments(_pins);
        var place = _pins.Probe("h0", "out");
        void Kill()
        {
            killed.Out.Pin(PinTree.Beside(place));
            if (runs)
                filter.Attach(TcDirection.Egress, killed.Out);
        }

        attachments.Attach(new HashSet<int> { index }, first.Out, first.In).ShouldHaveSingleItem().ShouldBe("h0");
        Kill();
        attachments.Attach(new HashSet<int> { index }, next.Out, next.In).ShouldHaveSingleItem().ShouldBe("h0");
        (filter.Query(TcDirection.Egress) == next.Out.Info.Id).ShouldBeTrue();
        File.Exists(PinTree.Beside(place)).ShouldBeFalse();

        Kill();
        attachments.Clear().ShouldHaveSingleItem().ShouldBe("h0");
        filter.Query(TcDirection.Egress).ShouldBeNull();
        Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(place)!).ShouldBeEmpty(); // it is in a folder

        // The first one ever.
        _ = TcFilter.CreateQdisc(index);
        killed.Out.Pin(PinTree.Beside(_pins.Probe("h0", "qdisc")));
        Kill();
        attachments.Clear().ShouldHaveSingleItem().ShouldBe("h0");
        filter.Query(TcDirection.Egress).ShouldBeNull();
        TcFilter.CreateQdisc(index).ShouldBeTrue("it has gone with what was in it");
    });

    private sealed class Probes : IDisposable
    {
        private readonly BpfObject _loaded = BpfObject.Open(Programs.Object("probe"));

        public Probes()
        {
            _loaded.Load();
            (Out, In) = (_loaded.Program("probe_out"), _loaded.Program("probe_in"));
        }

        public BpfProgram Out { get; }

        public BpfProgram In { get; }

        public void Dispose()
        {
            Out.Dispose();
            In.Dispose();
            _loaded.Dispose();
        }
    }
}
