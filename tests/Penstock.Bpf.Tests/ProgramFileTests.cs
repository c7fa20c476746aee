// SPDX-License-Identifier: Apache-2.0
using Penstock.L4;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;

namespace Penstock.Bpf.Tests;

/// <summary>Programs that belong to the binary, and those that do not.</summary>
public sealed class ProgramFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-programs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [BpfTheory]
    [InlineData("xdp_lb")]
    [InlineData("decap")]
    [InlineData("probe")]
    public void Open_OfThisBuild_IsAsOfTheFile(string name)
    {
        using var file = BpfObject.Open(Programs.Object(name));
        using var opened = ProgramFile.Read(Programs.Object(name)).Open();

        opened.MapNames.ShouldBe(file.MapNames);
        opened.Constant<ulong>("build_id", ".rodata.build").ShouldBe(BuildId.Value);
    }

    [BpfTheory]
    [InlineData("xdp_lb")]
    [InlineData("decap")]
    [InlineData("probe")]
    public void Read_OfAnotherBuild_IsRefusedAndBothFilesAreNamed(string name)
    {
        var path = Write(name, Programs.OfAnotherBuild(name));

        Should.Throw<L4ApplyException>(() => ProgramFile.Read(path)).Message.ShouldBe(
            $"the program {path} (build {~BuildId.Value:x16}) does not belong to {Environment.ProcessPath} (build {BuildId.Value:x16}): install both from one package, or build both (make build)");
    }

    [BpfFact]
    public void Get_OfAFileThatAnotherHasReplaced_IsWhatItWasWhenItWasKept()
    {
        var path = Write("probe", File.ReadAllBytes(Programs.Object("probe")));
        var programs = new ProgramFiles();
        programs.Keep(path, "probe");
        Write("probe", Programs.OfAnotherBuild("probe"));

        programs.Get(path, "probe").Open().Dispose();
        Should.Throw<L4ApplyException>(() => new ProgramFiles().Get(path, "probe"));
        File.Delete(path);
        programs.Get(path, "probe").Open().Dispose();
    }

    [BpfFact]
    public void Keep_OfWhatIsOfNoUse_IsSaidWhenItIsAskedForAndNotRemembered()
    {
        var programs = new ProgramFiles();
        var path = Path.Combine(_folder, "probe.bpf.o");
        programs.Keep(path, "probe");
        Should.Throw<L4ApplyException>(() => programs.Get(path, "probe")).Message.ShouldBe($"the program probe is not at {path}");
        Write("probe", Programs.OfAnotherBuild("probe"));
        programs.Keep(path, "probe");
        Should.Throw<L4ApplyException>(() => programs.Get(path, "probe")).Message.ShouldContain("does not belong to");

        Write("probe", File.ReadAllBytes(Programs.Object("probe")));

        programs.Get(path, "probe").Open().Dispose();
    }

    private string Write(string name, byte[] contents)
    {
        var path = Path.Combine(_folder, $"{name}.bpf.o");
        File.WriteAllBytes(path, contents);
        return path;
    }
}
