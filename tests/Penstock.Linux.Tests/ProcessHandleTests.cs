// SPDX-License-Identifier: Apache-2.0
using System.Globalization;

namespace Penstock.Linux.Tests;

public sealed class ProcessHandleTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-process-").FullName;
    private readonly Fifo _output;

    public ProcessHandleTests() => _output = Fifo.Open(Path.Combine(_folder, "output"));

    public void Dispose()
    {
        _output.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Process_ThatIsDetached_HasASessionOfItsOwnAndItsOutputInTheFifo()
    {
        using var process = Start("/bin/sh", "-c", "cut -d ' ' -f 6 /proc/$$/stat; env | sort; echo done");

        process.WaitForEnd(TimeSpan.FromSeconds(60)).ShouldBeTrue();

        Span<byte> buffer = stackalloc byte[4096];
        var read = _output.Read(buffer);
        read.IsError.ShouldBeFalse();
        var lines = System.Text.Encoding.UTF8.GetString(buffer[..read.Value]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines[0].ShouldBe(process.Pid.ToString(CultureInfo.InvariantCulture));
        lines[^1].ShouldBe("done");
        lines.ShouldContain(line => line.StartsWith("PATH=", StringComparison.Ordinal));
        lines.ShouldNotContain(line => line.StartsWith("DOTNET", StringComparison.Ordinal));
    }

    [Fact]
    public void Process_UntilItIsKilled_TellsItsStateAndArguments()
    {
        using var process = Start("/bin/sleep", "600");
        process.HasEnded.ShouldBeFalse();
        _ = SpinWait.SpinUntil(() => process.Arguments() is not [""], TimeSpan.FromSeconds(20)); // it has none in the moment of its execve
        process.Arguments().ShouldBe(["/bin/sleep", "600"]);
        process.User().ShouldBe(ProcessRights.User);
        process.State().ShouldBeOneOf('S', 'R', 'D');

        process.Signal(ProcessSignal.Kill).ShouldBeTrue();

        process.WaitForEnd(TimeSpan.FromSeconds(60)).ShouldBeTrue();
        process.HasEnded.ShouldBeTrue();
        process.State().ShouldBeNull();
        process.Arguments().ShouldBeEmpty();
        process.User().ShouldBeNull();
        process.Signal(ProcessSignal.Terminate).ShouldBeFalse();
        Directory.Exists($"/proc/{process.Pid}").ShouldBeFalse(); // reaped
    }

    [Fact]
    public void Process_ThatDoesNotEnd_IsWaitedForAsLongAsAsked()
    {
        using var process = Start("/bin/sleep", "600");

        process.WaitForEnd(TimeSpan.FromMilliseconds(10)).ShouldBeFalse();

        process.Signal(ProcessSignal.Kill);
        process.WaitForEnd(TimeSpan.FromSeconds(60)).ShouldBeTrue();
    }

    [Fact]
    public void Program_ThatIsNotThere_CanNotBeStarted() =>
        Should.Throw<IOException>(() => Start("/nowhere/program")).Message.ShouldBe("could not start /nowhere/program: ENOENT");

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void Number_OfNoProcess_OpensNothing(int pid) => ProcessHandle.TryOpen(pid).ShouldBeNull();

    private ProcessHandle Start(string path, params string[] arguments) =>
        ProcessHandle.TryOpen(DetachedProcess.Start(path, arguments, _output.Descriptor)).ShouldNotBeNull();
}
