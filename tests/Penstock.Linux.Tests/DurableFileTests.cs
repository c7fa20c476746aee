// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Tests;

public sealed class DurableFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-durable-").FullName;

    private string Target => Path.Combine(_folder, "state");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Write_OverAnother_IsWhole_AndItsOwnersAlone()
    {
        File.WriteAllText(Target, "what was there before, and longer");
        File.WriteAllText(Target + ".new", "left by one that was killed");

        DurableFile.Write(Target, "now"u8);

        File.ReadAllText(Target).ShouldBe("now");
        File.GetUnixFileMode(Target).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Directory.GetFiles(_folder).ShouldBe([Target]);
    }

    [Fact]
    public void Write_ThatFails_LeavesTheOneBefore()
    {
        File.WriteAllText(Target, "before");
        Directory.CreateDirectory(Target + ".new"); // in the place of the next

        Should.Throw<UnauthorizedAccessException>(() => DurableFile.Write(Target, "now"u8));

        File.ReadAllText(Target).ShouldBe("before");
    }

    [Fact]
    public void Delete_OfWhatIsThereOrNot_LeavesNothing()
    {
        DurableFile.Delete(Target);
        DurableFile.Delete(Path.Combine(_folder, "gone", "state"));
        File.WriteAllText(Target, "before");

        DurableFile.Delete(Target);

        Directory.GetFileSystemEntries(_folder).ShouldBeEmpty();
        Should.Throw<UnauthorizedAccessException>(() => DurableFile.Delete(_folder));
    }

    [Fact]
    public void Kind_OfWhatALinkPointsTo_IsRegularOrNot()
    {
        var (fifo, link) = (Path.Combine(_folder, "fifo"), Path.Combine(_folder, "link"));
        Fifo.Open(fifo).Dispose();
        File.WriteAllText(Target, "");
        FileKind.IsRegular(Target).ShouldBeTrue();
        FileKind.IsRegular(fifo).ShouldBeFalse();
        FileKind.IsRegular(link).ShouldBeFalse("there is nothing");

        File.CreateSymbolicLink(link, fifo);
        FileKind.IsRegular(link).ShouldBeFalse();
        File.Delete(link);
        File.CreateSymbolicLink(link, Target);
        FileKind.IsRegular(link).ShouldBeTrue();
    }
}
