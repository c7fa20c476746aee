// SPDX-License-Identifier: Apache-2.0
using Penstock.L4;
using Penstock.L4.Xdp;

namespace Penstock.Bpf.Tests;

/// <summary>Programs that belong to the binary, and those that do not.</summary>
public sealed class ProgramFileTests
{
    [BpfTheory]
    [InlineData("xdp_lb")]
    [InlineData("decap")]
    [InlineData("probe")]
    public void Open_OfThisBuild_IsOpened(string name) => ProgramFile.Open(Programs.Object(name)).Dispose();

    [BpfTheory]
    [InlineData("xdp_lb")]
    [InlineData("decap")]
    [InlineData("probe")]
    public void Open_OfAnotherBuild_IsRefusedAndBothFilesAreNamed(string name) => WithChanged(name, path =>
        Should.Throw<L4ApplyException>(() => ProgramFile.Open(path)).Message.ShouldBe(
            $"the program {path} (build {~BuildId.Value:x16}) does not belong to {Environment.ProcessPath} (build {BuildId.Value:x16}): install both from one package, or build both (make build)"));

    [BpfFact]
    public void Load_OfAnotherBuild_LoadsNothing() => WithChanged("xdp_lb", path =>
        Should.Throw<L4ApplyException>(() => XdpProgram.Load(path, new PinTree("/nonexistent"), new Dictionary<string, uint>(StringComparer.Ordinal), default)));

    // The same program, made from other sources as far as it says.
    private static void WithChanged(string name, Action<string> work)
    {
        var bytes = File.ReadAllBytes(Programs.Object(name));
        var at = bytes.AsSpan().IndexOf(BitConverter.GetBytes(BuildId.Value));
        at.ShouldBeGreaterThan(0);
        BitConverter.TryWriteBytes(bytes.AsSpan(at), ~BuildId.Value).ShouldBeTrue();
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, bytes);
            work(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
