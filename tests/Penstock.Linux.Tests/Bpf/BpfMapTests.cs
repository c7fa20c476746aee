// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.Linux.Bpf;

namespace Penstock.Linux.Tests.Bpf;

public sealed class BpfMapTests
{
    [BpfFact]
    public void Hash_UpdatedReadAndDeleted_DoesAsExpected()
    {
        using var map = BpfMap.Create(BpfMapType.Hash, "hash", 4, 8, 2);

        map.Update(1u, 10UL);
        map.TryLookup(1u, out ulong value).ShouldBeTrue();
        value.ShouldBe(10UL);
        map.TryLookup(2u, out value).ShouldBeFalse();

        Should.Throw<BpfException>(() => map.Update(1u, 11UL, BpfUpdate.NoExist)).Error.ShouldBe(Errno.EEXIST);
        Should.Throw<BpfException>(() => map.Update(2u, 11UL, BpfUpdate.Exist)).Error.ShouldBe(Errno.ENOENT);
        map.Update(2u, 20UL);
        Should.Throw<BpfException>(() => map.Update(3u, 30UL)).Message.ShouldStartWith("write map hash: E2BIG (");

        map.Keys<uint>().Order().ShouldBe([1u, 2u]);
        map.Delete(1u).ShouldBeTrue();
        map.Delete(1u).ShouldBeFalse();
        map.Keys<uint>().ShouldBe([2u]);
    }

    [BpfFact]
    public void Access_WithOtherSizes_IsRefusedBeforeTheKernelReadsBeyond()
    {
        using var map = BpfMap.Create(BpfMapType.Hash, "hash", 4, 8, 2);

        Should.Throw<InvalidOperationException>(() => map.Update(1UL, 1UL)).Message
            .ShouldBe("map hash is Hash of 4-byte keys and 8-byte values, not of 8 and 8");
        Should.Throw<InvalidOperationException>(() => map.TryLookup(1u, out uint _));
        Should.Throw<InvalidOperationException>(() => map.Delete((byte)1));
        Should.Throw<InvalidOperationException>(() => map.Keys<ulong>());
        Should.Throw<InvalidOperationException>(() => map.TryLookupPerCpu(1u, new ulong[BpfCpus.Possible].AsSpan()));
    }

    [BpfFact]
    public void UpdateBatch_OfAnArray_WritesEach()
    {
        using var map = BpfMap.Create(BpfMapType.Array, "array", 4, 4, 1000);
        uint[] keys = [.. Enumerable.Range(0, 1000).Select(i => (uint)i)];

        map.UpdateBatch<uint, uint>(keys, [.. keys.Select(key => key * 3)]);

        map.TryLookup(999u, out uint last).ShouldBeTrue();
        last.ShouldBe(2997u);
        Should.Throw<ArgumentException>(() => map.UpdateBatch<uint, uint>(keys, [1]));
    }

    [BpfFact]
    public void DeleteBatch_SomeKeysThatAreNotThere_RemovesTheOthers()
    {
        using var map = BpfMap.Create(BpfMapType.LpmTrie, "batch", 8, 4, 1000, BpfMapFlags.NoPreallocation);
        ulong[] keys = [.. Enumerable.Range(0, 100).Select(i => 32UL | ((ulong)i << 32))]; // 32 bits of prefix, then the bits
        map.UpdateBatch<ulong, uint>(keys, new uint[keys.Length]);
        map.Delete(keys[0]);
        map.Delete(keys[50]);
        map.Delete(keys[51]);

        map.DeleteBatch<ulong>(keys[..^1]);

        map.Keys<ulong>().ShouldBe([keys[^1]]);
    }

    [BpfFact]
    public void PerCpu_OfOddSize_GivesEachCpusValue()
    {
        using var map = BpfMap.Create(BpfMapType.PerCpuHash, "percpu", 4, 12, 2);
        map.UpdatePerCpu(1u, new Triple(1, 2, 3));
        var values = new Triple[BpfCpus.Possible];

        map.TryLookupPerCpu(1u, values.AsSpan()).ShouldBeTrue();
        values.Distinct().ShouldBe([new Triple(1, 2, 3)]);
        map.TryLookupPerCpu(2u, values.AsSpan()).ShouldBeFalse();
    }

    [BpfFact]
    public void MapMemory_OfAnArray_IsTheMap()
    {
        using var map = BpfMap.Create(BpfMapType.Array, "array", 4, 8, 1000, BpfMapFlags.Mappable);
        using var memory = map.MapMemory<ulong>();
        memory.Values.Length.ShouldBe(1000);

        memory.Values[999] = 7;
        map.TryLookup(999u, out ulong value).ShouldBeTrue();
        value.ShouldBe(7UL);
    }

    [BpfFact]
    public void MapMemory_OfAMapThatIsNotMappable_SaysEPERM()
    {
        using var map = BpfMap.Create(BpfMapType.Array, "array", 4, 8, 4);

        Should.Throw<BpfException>(() => map.MapMemory<ulong>()).Message.ShouldStartWith("map the memory of map array: E");
    }

    [BpfFact]
    public void Pin_AndOpenPinned_GiveTheSameMap()
    {
        using var pins = new PinFolder();
        var path = pins.At("map");
        BpfMap.OpenPinned(path).ShouldBeNull();
        using var map = BpfMap.Create(BpfMapType.Array, "array", 4, 8, 4);

        map.Pin(path);

        using var again = BpfMap.OpenPinned(path)!;
        again.Info.Id.ShouldBe(map.Info.Id);
        using var byId = BpfMap.OpenById(map.Info.Id);
        byId.Info.ShouldBe(map.Info);
        Should.Throw<BpfException>(() => map.Pin(path)).Error.ShouldBe(Errno.EEXIST);
    }

    [BpfFact]
    public void Holds_FolderElsewhere_IsFalse()
    {
        using var pins = new PinFolder();

        BpfFileSystem.Holds(pins.At(".")).ShouldBeTrue();
        BpfFileSystem.Holds("/proc").ShouldBeFalse();
        BpfFileSystem.Holds("/nowhere").ShouldBeFalse();
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Triple(uint First, uint Second, uint Third);
}
