// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.Linux.Bpf;

namespace Penstock.Linux.Tests.Bpf;

public sealed class BpfObjectTests : IDisposable
{
    private static readonly byte[] Frame = new byte[60];

    private readonly BpfObject? _object = SampleObject.Missing is null ? Open() : null;

    public void Dispose() => _object?.Dispose();

    [BpfFact]
    public void Names_OfAnObject_AreThoseOfItsSource()
    {
        _object!.MapNames.ShouldBe(["values", "counts", "first_ring", "rings", "events", "sample.rodata", "sample.bss"], ignoreOrder: true);
        _object.ProgramNames.ShouldBe(["sample", "refused"]);
    }

    [BpfFact]
    public void Open_OfAFileInMemory_IsAsOfTheFile()
    {
        using var opened = BpfObject.Open(SampleObject.Path, File.ReadAllBytes(SampleObject.Path));

        opened.MapNames.ShouldBe(_object!.MapNames);
        opened.ProgramNames.ShouldBe(_object.ProgramNames);
        opened.SetAutoload("refused", load: false);
        opened.Load();
        using var program = opened.Program("sample");
        program.TestRun(Frame, new byte[60]).Verdict.ShouldBe(XdpVerdict.Pass);
    }

    [BpfFact]
    public void Open_OfBytesThatAreNoObject_IsRefused()
    {
        Should.Throw<BpfException>(() => BpfObject.Open("some.bpf.o", [1, 2, 3])).Message.ShouldStartWith("open some.bpf.o: ");
        Should.Throw<BpfException>(() => BpfObject.Open("some.bpf.o", [])).Message.ShouldStartWith("open some.bpf.o: ");
    }

    [BpfFact]
    public void Definition_OfMaps_IsThatOfTheSource()
    {
        _object!.SetMaxEntries("values", 32);

        _object.Definition("values").ShouldBe(new BpfMapInfo(BpfMapType.Hash, 0, 4, 16, 32, BpfMapFlags.None, "values", 0));
        _object.InnerDefinition("values").ShouldBeNull();
        _object.InnerDefinition("rings")!.ShouldBe(new BpfMapInfo(BpfMapType.Array, 0, 4, 8, 8, BpfMapFlags.Mappable, "rings.inner", 0));
    }

    [BpfFact]
    public void Open_FileThatIsMissing_SaysENOENT()
    {
        var error = Should.Throw<BpfException>(() => BpfObject.Open("/nowhere/missing.bpf.o"));

        error.Error.ShouldBe(Errno.ENOENT);
        error.Message.ShouldContain("open /nowhere/missing.bpf.o: ENOENT (No such file or directory)");
    }

    [BpfFact]
    public void Load_ProgramTheVerifierRefuses_GivesItsLog()
    {
        _object!.SetAutoload("refused", load: true);

        var error = Should.Throw<BpfException>(_object.Load);

        error.Error.ShouldBe(Errno.EACCES);
        error.Log.ShouldContain("invalid access to packet");
    }

    [BpfFact]
    public void SetConstant_BeforeLoading_IsWhatTheProgramReads()
    {
        _object!.SetConstant("sample_answer", (uint)XdpVerdict.Drop);
        Should.Throw<ArgumentException>(() => _object.SetConstant("sample_answer", 1UL)).Message.ShouldContain("has 4 bytes, not 8");
        Should.Throw<ArgumentException>(() => _object.SetConstant("sample_question", 1U)).Message.ShouldContain("no constant sample_question");
        _object.Load();
        using var program = _object.Program("sample");

        program.TestRun(Frame, new byte[60]).Verdict.ShouldBe(XdpVerdict.Drop);
    }

    [BpfFact]
    public void TestRun_WithMaps_ReadsWhatIsWrittenThere()
    {
        _object!.Load();
        using var program = _object.Program("sample");
        using var values = _object.Map("values");
        using var counts = _object.Map("counts");
        var output = new byte[100];

        program.TestRun(Frame, output, repeat: 3).ShouldSatisfyAllConditions(
            run => run.Verdict.ShouldBe(XdpVerdict.Pass),
            run => run.Length.ShouldBe(60));
        values.Update(0u, new SampleValue(0, 0, 0, (uint)XdpVerdict.Transmit));
        program.TestRun(Frame, output).Verdict.ShouldBe(XdpVerdict.Transmit);

        var perCpu = new uint[BpfCpus.Possible];
        counts.TryLookupPerCpu(0u, perCpu.AsSpan()).ShouldBeTrue();
        perCpu.Sum(count => count).ShouldBe(4u);
    }

    [BpfFact]
    public void TestRun_WithRingInAnArrayOfMaps_ReadsTheMappedMemory()
    {
        var inner = _object!.InnerDefinition("rings")!;
        _object.Load();
        using var program = _object.Program("sample");
        using var rings = _object.Map("rings");
        using var ring = BpfMap.CreateLike(inner, "ring_0", 8);
        using (var memory = ring.MapMemory<ulong>())
            memory.Values[0] = (ulong)XdpVerdict.Redirect;

        rings.UpdateInner(0u, ring);

        program.TestRun(Frame, new byte[60]).Verdict.ShouldBe(XdpVerdict.Redirect);
        rings.TryLookup(0u, out uint id).ShouldBeTrue();
        id.ShouldBe(ring.Info.Id);
    }

    [BpfFact]
    public void Poll_RingBuffer_GivesTheSamples()
    {
        _object!.Load();
        using var program = _object.Program("sample");
        using var events = _object.Map("events");
        var seen = new List<(int Length, int Reason)>();
        using var reader = new BpfRingReader(events, sample => seen.Add((BitConverter.ToInt32(sample), BitConverter.ToInt32(sample[4..]))));
        reader.Fd.ShouldBeGreaterThan(0);

        program.TestRun(Frame, new byte[60], repeat: 2);

        reader.Poll(TimeSpan.FromSeconds(10)).ShouldBe(2);
        seen.ShouldBe([(60, 7), (60, 7)]);
    }

    [BpfFact]
    public void Poll_HandlerThatFails_FailsToo()
    {
        _object!.Load();
        using var program = _object.Program("sample");
        using var events = _object.Map("events");
        using var reader = new BpfRingReader(events, _ => throw new FormatException("bad sample"));
        program.TestRun(Frame, new byte[60]);

        Should.Throw<InvalidOperationException>(() => reader.Poll(TimeSpan.FromSeconds(10))).InnerException!.Message.ShouldBe("bad sample");
    }

    [BpfFact]
    public void Btf_OfStructsEnumsAndVariables_GivesTheirLayout()
    {
        var btf = _object!.Btf;

        btf.Struct("sample_value")!.Size.ShouldBe(16);
        btf.Struct("sample_value")!.Fields.ShouldBe([new("packets", 0, 8), new("first", 8, 2), new("pair", 10, 2), new("last", 12, 4)]);
        btf.Struct("sample_event")!.Fields.ShouldBe([new("length", 0, 4), new("reason", 4, 4)]);
        btf.Struct("nothing").ShouldBeNull();
        btf.Enum("sample_reason")!.ShouldBe(new Dictionary<string, long> { ["SAMPLE_NONE"] = 0, ["SAMPLE_OTHER"] = 7 });
        btf.Variable(".rodata", "sample_answer")!.Size.ShouldBe(4);
        btf.Variable(".rodata", "license").ShouldBeNull();
    }

    [BpfFact]
    public void Btf_OfALoadedMap_IsThatOfTheObject()
    {
        _object!.Load();
        using var values = _object.Map("values");

        Btf.OfKernel(values.Info.BtfId).Struct("sample_value")!.Fields.Count.ShouldBe(4);
    }

    private static BpfObject Open()
    {
        var opened = BpfObject.Open(SampleObject.Path);
        opened.SetAutoload("refused", load: false);
        return opened;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct SampleValue(ulong Packets, ushort First, ushort Pair, uint Last);
}
