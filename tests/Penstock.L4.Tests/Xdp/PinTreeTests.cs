// SPDX-License-Identifier: Apache-2.0
using Penstock.L4.Xdp;

namespace Penstock.L4.Tests.Xdp;

public sealed class PinTreeTests
{
    [Fact]
    public void Create_WhereAFileIs_SaysSo()
    {
        var file = Path.GetTempFileName();
        try
        {
            Should.Throw<IOException>(() => new PinTree(file).Create()).Message.ShouldBe($"{file} is a file: pins take a folder");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Create_WhereOtherFilesAre_HidesNone()
    {
        var folder = Directory.CreateTempSubdirectory("penstock-pins-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "precious"), "");

            Should.Throw<IOException>(() => new PinTree(folder).Create()).Message.ShouldContain($"{folder} holds files of something else");

            Directory.GetFileSystemEntries(folder).ShouldHaveSingleItem();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
