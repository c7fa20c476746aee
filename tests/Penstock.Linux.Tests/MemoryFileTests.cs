// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Tests;

public sealed class MemoryFileTests
{
    [Fact]
    public void Read_IsWhatWasWrittenLast_AlsoByAnotherDescriptor()
    {
        using var file = MemoryFile.Create("test");
        file.Read().ShouldBeNull();
        file.Write("something long"u8);
        file.Write("short"u8);

        using var other = new MemoryFile(new FileDescriptor(FileDescriptor.Duplicate(file.Descriptor.Number)));
        other.Read().ShouldBe("short"u8.ToArray());
        other.Write([]);
        file.Read().ShouldBe([]);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3, 0x7F)]
    [InlineData(3, 0xFF)]
    [InlineData(20, 1)]
    [InlineData(36, 1)]
    [InlineData(40, 1)]
    public void Read_OfWhatWasNotWrittenToItsEnd_IsNothing(int at, byte changed)
    {
        using var file = MemoryFile.Create("test");
        file.Write("some text"u8);
        using (var raw = new FileStream($"/proc/self/fd/{file.Descriptor.Number}", FileMode.Open, FileAccess.ReadWrite))
        {
            raw.Position = at;
            var was = raw.ReadByte();
            raw.Position = at;
            raw.WriteByte((byte)(was ^ changed));
        }

        file.Read().ShouldBeNull();
    }

    [Fact]
    public void IsOne_OfASocketOrAFileOfADisk_IsFalse()
    {
        using var file = MemoryFile.Create("test");
        MemoryFile.IsOne(file.Descriptor.Number).ShouldBeTrue();

        using var events = new FileDescriptor(Libc.eventfd(0, 0));
        MemoryFile.IsOne(events.Number).ShouldBeFalse();
        MemoryFile.IsOne(-1).ShouldBeFalse();
    }
}
