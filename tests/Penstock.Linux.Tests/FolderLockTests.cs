// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Tests;

// A child between fork and exec holds a lock that its parent has let go: not beside tests that start programs.
[Collection("forking")]
public sealed class FolderLockTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-lock-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TryTake_OfAFolderThatIsTaken_IsNullUntilItIsLetGo()
    {
        using (var first = FolderLock.TryTake(_folder))
        {
            first.ShouldNotBeNull();
            FolderLock.TryTake(_folder).ShouldBeNull();
        }

        using var second = FolderLock.TryTake(_folder);
        second.ShouldNotBeNull();
    }

    [Fact]
    public void TryTakeFile_OfOneThatIsTaken_IsNullUntilItIsLetGo()
    {
        var path = Path.Combine(_folder, "a.lock");
        using (var first = FolderLock.TryTakeFile(path))
        {
            first.ShouldNotBeNull();
            FolderLock.TryTakeFile(path).ShouldBeNull();
            using var folder = FolderLock.TryTake(_folder);
            folder.ShouldNotBeNull(); // which is another thing
        }

        using var second = FolderLock.TryTakeFile(path);
        second.ShouldNotBeNull();
    }

    [Fact]
    public void TryTake_OfNoFolder_SaysWhy() => Should.Throw<IOException>(() => FolderLock.TryTake(_folder + "/none")).Message.ShouldContain("ENOENT");
}
