// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Linux;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Tests.Supervision;

public sealed class FifoLinesTests
{
    [Fact]
    public void Lines_CutAnywhere_AreTheSame()
    {
        var bytes = Encoding.UTF8.GetBytes("one\n\ntwo \"2\"\nopen");
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var (lines, read) = (new FifoLines(), new List<string>());
            lines.Take(bytes.AsSpan(0, cut), read);
            lines.Take(bytes.AsSpan(cut), read);

            read.ShouldBe(["one", "", "two \"2\""]);
        }
    }

    [Fact]
    public void Line_ThatIsTooLong_IsCutAndTheNextIsWhole()
    {
        var read = new List<string>();

        new FifoLines().Take(Encoding.UTF8.GetBytes(new string('x', 5000) + "\nnext\n"), read);

        read.ShouldBe([new string('x', FifoLines.MaxLine), "next"]);
    }

    [Fact]
    public void Fifo_WithOneThatWritesAndLeaves_KeepsWhatWasWritten()
    {
        var folder = Directory.CreateTempSubdirectory("penstock-fifo-");
        try
        {
            var path = Path.Combine(folder.FullName, "notify");
            using var fifo = Fifo.Open(path);
            var lines = new FifoLines();
            lines.Read(fifo).ShouldBeEmpty();

            File.WriteAllText(path, "first\nsec");
            lines.Read(fifo).ShouldBe(["first"]);
            File.WriteAllText(path, "ond\n");
            lines.Read(fifo).ShouldBe(["second"]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Fifo_WhereAnotherFileIs_IsRefused()
    {
        var file = Path.GetTempFileName();
        try
        {
            Should.Throw<IOException>(() => Fifo.Open(file)).Message.ShouldContain("no FIFO");
        }
        finally
        {
            File.Delete(file);
        }
    }
}
