// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>What packages hold, and how they are made. What they do on a host is in <see cref="SystemdTests"/>.</summary>
public sealed class PackageTests : IDisposable
{
    private const string DpkgDeb = "/usr/bin/dpkg-deb", Lintian = "/usr/bin/lintian", Bash = "/bin/bash", Analyze = "/usr/bin/systemd-analyze";
    private const string Rpm = PackageFactAttribute.Rpm, RpmBuild = "/usr/bin/rpmbuild", RpmLint = "/usr/bin/rpmlint";

    private static readonly string[] s_examples = ["prometheus/penstock.rules.yaml", "grafana/penstock.json"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("penstock-package-");

    private static string Build => Path.Combine(Objects.Root, "packaging/deb/build");

    private static string BuildRpm => Path.Combine(Objects.Root, "packaging/rpm/build");

    public void Dispose() => _folder.Delete(recursive: true);

    [PackageFact(DpkgDeb, Lintian)]
    public async Task Package_BuiltTwice_IsTheSame_AndLintianFindsNothing()
    {
        var packages = await BuiltTwiceAsync(Build);
        File.ReadAllBytes(packages[1]).AsSpan().SequenceEqual(File.ReadAllBytes(packages[0])).ShouldBeTrue("two builds of one binary differ");

        (await RunAsync(Lintian, "--allow-root", "--fail-on", "error,warning", packages[0])).ShouldBe("", "what lintian says");
    }

    [PackageFact(DpkgDeb)]
    public async Task Package_HasAPageForEachCommand_AndNamesWhatItNeeds()
    {
        var package = await RunAsync(Build, "-o", _folder.FullName, "-z", "none");

        var files = await RunAsync(DpkgDeb, "--contents", package);
        foreach (var command in await CompletionTests.OfBashAsync("penstock "))
        {
            if (!command.StartsWith('-'))
                files.ShouldContain($"./usr/share/man/man8/penstock-{command}.8.gz");
        }

        foreach (var unit in Directory.GetFiles(Path.Combine(Objects.Root, "systemd")))
            files.ShouldContain($"./lib/systemd/system/{Path.GetFileName(unit)}");
        foreach (var template in (string[])["keepalived.conf", "bird.conf"])
            files.ShouldContain($"./usr/share/doc/penstock/templates/{template}\n");
        foreach (var example in s_examples)
            files.ShouldContain($"./usr/share/doc/penstock/examples/{example}\n");
        var depends = await RunAsync(DpkgDeb, "--field", package, "Depends");
        depends.ShouldContain("libbpf1");
        depends.ShouldContain("libssl3");
        depends.ShouldNotContain("dotnet");
        (await RunAsync(DpkgDeb, "--field", package, "Recommends")).ShouldContain("keepalived");
        (await RunAsync(DpkgDeb, "--field", package, "Suggests")).ShouldContain("bird2");
        (await RunAsync(DpkgDeb, "--info", package, "conffiles")).Split('\n').ShouldBe(["/etc/logrotate.d/penstock", "/etc/penstock/penstock.yaml"], ignoreOrder: true);
    }

    [PackageFact(RpmBuild, RpmLint)]
    public async Task Rpm_BuiltTwice_IsTheSame_AndRpmlintFindsNothing()
    {
        var packages = await BuiltTwiceAsync(BuildRpm);
        File.ReadAllBytes(packages[1]).AsSpan().SequenceEqual(File.ReadAllBytes(packages[0])).ShouldBeTrue("two builds of one binary differ");

        (await RunAsync(RpmLint, "--config", Path.Combine(Objects.Root, "packaging/rpm/rpmlint.toml"), packages[0])).ShouldContain(" 0 errors, 0 warnings");
    }

    [PackageFact(RpmBuild, Rpm)]
    public async Task Rpm_InARootOfItsOwn_HasItsFiles_AndKeepsAnEditedConfiguration()
    {
        var package = await RunAsync(BuildRpm, "-o", _folder.FullName);
        var requires = await RunAsync(Rpm, "-qp", "--requires", package);
        requires.ShouldContain("libbpf.so.1()(64bit)");
        requires.ShouldContain("libssl.so.3()(64bit)");
        requires.ShouldNotContain("dotnet");
        foreach (var script in (string[])["POSTIN", "PREUN", "POSTUN"])
            await RunAsync(Bash, "-n", "-c", await RunAsync(Rpm, "-qp", "--queryformat", $"%{{{script}}}", package));

        var root = _folder.CreateSubdirectory("root").FullName;
        await RunAsync(Rpm, "--root", root, "--initdb");
        await RunAsync(Rpm, "--root", root, "-i", "--nodeps", "--noscripts", package);
        await RunAsync(Rpm, "--root", root, "-V", "--nodeps", "penstock");
        foreach (var unit in Directory.GetFiles(Path.Combine(Objects.Root, "systemd")))
            File.Exists(Path.Combine(root, "usr/lib/systemd/system", Path.GetFileName(unit))).ShouldBeTrue(unit);
        foreach (var template in (string[])["keepalived.conf", "bird.conf"])
            File.ReadAllText(Path.Combine(root, "usr/share/doc/penstock/templates", template)).ShouldBe(File.ReadAllText(Path.Combine(Objects.Root, "src/Penstock.Vrrp/Templates", template)), "an operator begins with the built-in one");
        foreach (var example in s_examples)
            File.ReadAllText(Path.Combine(root, "usr/share/doc/penstock/examples", example)).ShouldBe(File.ReadAllText(Path.Combine(Objects.Root, "packaging", example)));
        (await RunAsync(Path.Combine(root, "usr/bin/penstock"), "check", "--config", Path.Combine(root, "etc/penstock/penstock.yaml"))).ShouldStartWith("OK");

        var configuration = Path.Combine(root, "etc/penstock/penstock.yaml");
        File.AppendAllText(configuration, "# mine\n");
        await RunAsync(Rpm, "--root", root, "-e", "--nodeps", "--noscripts", "penstock");
        File.ReadAllText(configuration + ".rpmsave").ShouldEndWith("# mine\n");
        File.Exists(Path.Combine(root, "usr/bin/penstock")).ShouldBeFalse();
    }

    [PackageFact(Analyze)]
    public async Task Units_AreExposed_AtMostAtLevel2Point5()
    {
        foreach (var unit in Directory.GetFiles(Path.Combine(Objects.Root, "systemd"), "*.service"))
            await RunAsync(Analyze, "security", "--offline=true", "--no-pager", "--threshold=25", unit);
    }

    // Side by side: each keeps one processor busy.
    private Task<string[]> BuiltTwiceAsync(string build) =>
        Task.WhenAll(((string[])["first", "second"]).Select(name => RunAsync(build, "-o", Path.Combine(_folder.FullName, name))));

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var (code, output) = await ChildProcess.RunAsync(program, arguments);
        code.ShouldBe(0, $"{program} {string.Join(' ', arguments)}:\n{output}");
        return output.Trim();
    }
}
