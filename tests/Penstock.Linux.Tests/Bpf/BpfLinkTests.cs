// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.Linux.Bpf;

namespace Penstock.Linux.Tests.Bpf;

/// <summary>XDP on one end of a veth pair made for the test.</summary>
[Collection("forking")]
public sealed class BpfLinkTests : IDisposable
{
    private readonly string _name = $"pst{Environment.ProcessId % 1_000_000}";
    private readonly PinFolder? _pins;
    private readonly BpfObject? _object;
    private readonly BpfProgram? _program;
    private readonly int _index;

    public BpfLinkTests()
    {
        if (SampleObject.Missing is not null)
            return;
        _pins = new PinFolder();
        (_object, _program) = LoadSample();
        Ip("link", "add", _name, "type", "veth", "peer", "name", _name + "p");
        _index = int.Parse(File.ReadAllText($"/sys/class/net/{_name}/ifindex"), null);
    }

    public void Dispose()
    {
        if (_pins is null)
            return;
        Ip("link", "del", _name);
        _program!.Dispose(); // set with _pins
        _object!.Dispose(); // set with _pins
        _pins.Dispose();
    }

    [BpfFact]
    public void AttachXdp_Native_IsSeenUntilTheLinkIsClosed()
    {
        XdpAttachment.Query(_index).ShouldBeNull();

        using (var link = BpfLink.AttachXdp(_program!, _index, XdpMode.Native))
        {
            link.Info.ProgramId.ShouldBe(_program!.Info.Id);
            link.Info.InterfaceIndex.ShouldBe(_index);
            XdpAttachment.Query(_index).ShouldBe(new XdpAttachment(_program.Info.Id, XdpMode.Native));
        }

        XdpAttachment.Query(_index).ShouldBeNull();
    }

    [BpfFact]
    public void AttachXdp_Generic_SaysSo()
    {
        using var link = BpfLink.AttachXdp(_program!, _index, XdpMode.Generic);

        XdpAttachment.Query(_index).ShouldBe(new XdpAttachment(_program!.Info.Id, XdpMode.Generic));
    }

    [BpfFact]
    public void AttachXdp_WhereAnotherIs_SaysEBUSY()
    {
        using var link = BpfLink.AttachXdp(_program!, _index, XdpMode.Native);

        var error = Should.Throw<BpfException>(() => BpfLink.AttachXdp(_program!, _index, XdpMode.Native));

        error.Message.ShouldStartWith($"attach sample to interface {_index}, native XDP: EBUSY (");
    }

    [BpfFact]
    public void Query_InterfaceThatIsNotThere_GivesNothing() => XdpAttachment.Query(999_999).ShouldBeNull();

    [BpfFact]
    public void Update_PinnedLink_ReplacesTheProgramAndOutlivesItsDescriptor()
    {
        var path = _pins!.At("link");
        BpfLink.OpenPinned(path).ShouldBeNull();
        using (var link = BpfLink.AttachXdp(_program!, _index, XdpMode.Native))
            link.Pin(path);

        var (otherObject, other) = LoadSample();
        using var opened = BpfLink.OpenPinned(path)!;
        opened.Update(other);

        XdpAttachment.Query(_index)!.Value.ProgramId.ShouldBe(other.Info.Id);
        opened.Detach();
        XdpAttachment.Query(_index).ShouldBeNull();
        opened.Info.InterfaceIndex.ShouldBe(0);
        other.Dispose();
        otherObject.Dispose();
    }

    [BpfFact]
    public void Info_OfAProgram_NamesItsMaps()
    {
        _program!.Info.Name.ShouldBe("sample");
        _program.Info.MapIds.Count.ShouldBe(6);
        _program.Info.Tag.Length.ShouldBe(16);
        using var again = BpfProgram.OpenById(_program.Info.Id);
        again.Info.Tag.ShouldBe(_program.Info.Tag);
        _program.Pin(_pins!.At("program"));
        using var pinned = BpfProgram.OpenPinned(_pins.At("program"))!;
        pinned.Info.Id.ShouldBe(_program.Info.Id);
        BpfProgram.OpenPinned(_pins.At("other")).ShouldBeNull();
    }

    private static (BpfObject Object, BpfProgram Program) LoadSample()
    {
        var opened = BpfObject.Open(SampleObject.Path);
        opened.SetAutoload("refused", load: false);
        opened.Load();
        return (opened, opened.Program("sample"));
    }

    private static void Ip(params string[] arguments)
    {
        using var ip = Process.Start("ip", arguments);
        ip.WaitForExit();
        ip.ExitCode.ShouldBe(0);
    }
}
