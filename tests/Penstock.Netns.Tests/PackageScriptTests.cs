// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>What packages run when they are installed, upgraded and removed, in a root of its own whose systemctl and the like only note how they were called.</summary>
public sealed class PackageScriptTests : IDisposable
{
    private const string Rpm = PackageFactAttribute.Rpm, RpmSpec = "/usr/bin/rpmspec", Unshare = "/usr/bin/unshare";

    private static readonly string[] s_made = ["systemd-sysusers penstock.conf", "systemd-tmpfiles --create penstock.conf"];

    private static readonly string[] s_enabled = ["other.service", "penstock-decap@bond0.7.service", "penstock-decap@eth0.service"];

    // Mounts a copy of / that keeps nothing, puts notes in the place of programs, and has the shell run a script there with arguments; says how it ended, what was called, and which units are enabled.
    private const string InARoot = """
        set -e
        script=$1 folder=$2 argument=$3 systemd=$4
        export FAILS=$5
        mount -t tmpfs memory "$folder"
        mkdir "$folder/changes" "$folder/work" "$folder/all"
        mount -t overlay -o "lowerdir=/,upperdir=$folder/changes,workdir=$folder/work" overlay "$folder/all"
        root=$folder/all
        mount -t tmpfs run "$root/run"
        mount --bind /dev "$root/dev"
        [ "$systemd" = none ] || mkdir -p "$root/run/systemd/system"
        mkdir -p "$root/usr/libexec/penstock" "$root/etc/systemd/system" "$root/stubs"
        mount -t tmpfs units "$root/etc/systemd/system"
        mkdir "$root/etc/systemd/system/multi-user.target.wants"
        for unit in penstock-decap@eth0 penstock-decap@bond0.7 other; do
          ln -sf "/lib/systemd/system/${unit%@*}.service" "$root/etc/systemd/system/multi-user.target.wants/$unit.service"
        done
        for stub in systemctl systemd-sysusers systemd-tmpfiles deb-systemd-helper deb-systemd-invoke userdel penstock; do
          printf '#!/bin/sh\necho "%s $*" >>/calls\ncase " $FAILS " in *" $1 "* | *" ${2:-$1} "*) exit 1 ;; esac\n' "$stub" >"$root/stubs/$stub"
        done
        printf '#!/bin/sh\necho leave >>/calls\nexit 1\n' >"$root/usr/libexec/penstock/leave"
        chmod +x "$root"/stubs/* "$root/usr/libexec/penstock/leave"
        : >"$root/calls"
        cp "$script" "$root/script"
        status=0
        PATH=/stubs:$PATH chroot "$root" /bin/sh /script $argument >"$root/said" 2>&1 || status=$?
        echo "exit $status"
        sed 's/^/said: /' "$root/said"
        cat "$root/calls"
        ls "$root/etc/systemd/system/multi-user.target.wants" | sed 's/^/enabled: /'
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("penstock-scripts-");

    public void Dispose() => _folder.Delete(recursive: true);

    [PackageFact(Rpm, RpmSpec, Unshare)]
    public async Task Post_OfAnInstallation_MakesTheAccount_AndLeavesToThePresetWhetherItStarts()
    {
        var (calls, enabled) = await RunAsync(await RpmScriptAsync("POSTIN"), "1");

        calls.ShouldBe(["exit 0", .. s_made, "systemctl daemon-reload", "systemctl --quiet preset penstock.service"]);
        enabled.ShouldBe(s_enabled);
    }

    [PackageFact(Rpm, RpmSpec, Unshare)]
    public async Task Post_OfAnUpgrade_RestartsADaemonThatRuns_WhereThisVersionTakesTheConfiguration()
    {
        var script = await RpmScriptAsync("POSTIN");
        string[] begun = [.. s_made, "systemctl daemon-reload", "systemctl --quiet is-active penstock.service"];

        (await RunAsync(script, "2")).Calls.ShouldBe(["exit 0", .. begun, "penstock check", "systemctl restart penstock.service"]);
        (await RunAsync(script, "2", fails: "is-active")).Calls.ShouldBe(["exit 0", "said: penstock: penstock.service does not run, and is left so", .. begun]);
        var refused = (await RunAsync(script, "2", fails: "check")).Calls;
        refused[1].ShouldStartWith("said: penstock: this version does not take the configuration that is there");
        refused[2..].ShouldBe([.. begun, "penstock check"]);
        (await RunAsync(script, "2", fails: "restart daemon-reload")).Calls[0].ShouldBe("exit 0", "rpm counts the package as installed all the same");
    }

    [PackageFact(Rpm, RpmSpec, Unshare)]
    public async Task Post_WithoutSystemd_MakesTheAccountOnly()
    {
        var script = await RpmScriptAsync("POSTIN");

        foreach (var count in (string[])["1", "2"])
            (await RunAsync(script, count, withSystemd: false)).Calls.ShouldBe(["exit 0", .. s_made]);
    }

    [PackageFact(Rpm, RpmSpec, Unshare)]
    public async Task Preun_OfARemoval_LeavesTheHost_AndDisablesEveryUnit_AndOfAnUpgradeDoesNothing()
    {
        var script = await RpmScriptAsync("PREUN");
        string[] ends = ["systemctl --quiet disable penstock-decap@bond0.7.service", "systemctl --quiet disable penstock-decap@eth0.service"];

        var removed = (await RunAsync(script, "0")).Calls;
        removed.ShouldBe(["exit 0", "leave", "systemctl --quiet disable penstock.service penstock-keepalived.socket penstock-bird.socket", .. ends]);
        (await RunAsync(script, "0", fails: "disable")).Calls.ShouldBe(removed, "what fails hinders nothing that follows");
        (await RunAsync(script, "0", withSystemd: false)).Calls.ShouldBe(["exit 0", "leave", .. ends]);
        (await RunAsync(script, "1")).Calls.ShouldBe(["exit 0"]);
    }

    [PackageFact(Rpm, RpmSpec, Unshare)]
    public async Task Postun_OfARemovalAndAnUpgrade_HasSystemdReadItsUnitsAgain()
    {
        var script = await RpmScriptAsync("POSTUN");

        foreach (var count in (string[])["0", "1"])
        {
            (await RunAsync(script, count, fails: "daemon-reload")).Calls.ShouldBe(["exit 0", "systemctl daemon-reload"]);
            (await RunAsync(script, count, withSystemd: false)).Calls.ShouldBe(["exit 0"]);
        }
    }

    [PackageFact(Rpm, Unshare)]
    public async Task Postrm_OfAPurge_LeavesNoLinkOfATunnelsEnd_AndOfARemovalAllOfThem()
    {
        var script = Path.Combine(Objects.Root, "packaging/deb/postrm");

        var (calls, enabled) = await RunAsync(script, "purge");
        calls[0].ShouldBe("exit 0");
        calls.ShouldContain("deb-systemd-helper purge penstock.service penstock-keepalived.socket penstock-bird.socket");
        enabled.ShouldBe(["other.service"]);
        (calls, enabled) = await RunAsync(script, "remove");
        calls.ShouldBe(["exit 0", "systemctl --system daemon-reload"]);
        enabled.ShouldBe(s_enabled);
    }

    [PackageFact(Rpm, Unshare)]
    public async Task Postinst_OfAnUpgrade_RestartsADaemonThatRuns_WhereThisVersionTakesTheConfiguration()
    {
        const string Asks = "systemctl --quiet is-active penstock.service";
        var script = await DebScriptsAsync("upgrade 0.1.0");

        (await RunAsync(script, "configure 0.1.0")).Calls[^3..].ShouldBe([Asks, "penstock check", "deb-systemd-invoke restart penstock.service"]);
        var stopped = (await RunAsync(script, "configure 0.1.0", fails: "is-active")).Calls;
        stopped[..2].ShouldBe(["exit 0", "said: penstock: penstock.service does not run, and is left so"]);
        stopped[^1].ShouldBe(Asks);
        var refused = (await RunAsync(script, "configure 0.1.0", fails: "check")).Calls;
        refused[1].ShouldStartWith("said: penstock: this version does not take the configuration that is there");
        refused[^1].ShouldBe("penstock check");
        (await RunAsync(script, "configure 0.1.0", fails: "restart daemon-reload")).Calls[0].ShouldBe("exit 0", "dpkg counts the package as installed all the same");
    }

    /// <summary>dpkg names the version of before after a removal too.</summary>
    [PackageFact(Rpm, Unshare)]
    public async Task Postinst_OfAnInstallation_StartsIt_AfterARemovalToo()
    {
        const string Starts = "deb-systemd-invoke start penstock-keepalived.socket penstock-bird.socket penstock.service";

        (await RunAsync(await DebScriptsAsync("install"), "configure")).Calls[^1].ShouldBe(Starts);
        (await RunAsync(await DebScriptsAsync("install 0.1.0"), "configure 0.1.0")).Calls[^1].ShouldBe(Starts);
    }

    private async Task<string> RpmScriptAsync(string name)
    {
        var file = Path.Combine(_folder.FullName, name);
        var (code, output) = await ChildProcess.RunAsync(
            RpmSpec, "-q", "--define", "version 0", "--define", "payload /", "--queryformat", $"%{{{name}}}", Path.Combine(Objects.Root, "packaging/rpm/penstock.spec"));
        code.ShouldBe(0, output);
        await File.WriteAllTextAsync(file, output);
        return file;
    }

    // preinst with arguments of its own, and postinst behind it.
    private async Task<string> DebScriptsAsync(string arguments)
    {
        var file = Path.Combine(_folder.FullName, "scripts");
        var folder = Path.Combine(Objects.Root, "packaging/deb");
        await File.WriteAllTextAsync(
            file, $"(\nset -- {arguments}\n{await File.ReadAllTextAsync(Path.Combine(folder, "preinst"))})\n{await File.ReadAllTextAsync(Path.Combine(folder, "postinst"))}");
        return file;
    }

    // "exit CODE", a line for each that was said, a line for each program called; and the units that are enabled after it.
    private async Task<(string[] Calls, string[] Enabled)> RunAsync(string script, string argument, bool withSystemd = true, string fails = "")
    {
        var root = _folder.CreateSubdirectory("root").FullName;
        var (code, output) = await ChildProcess.RunAsync(Unshare, "--mount", "--propagation", "private", "/bin/bash", "-c", InARoot, "run", script, root, argument, withSystemd ? "systemd" : "none", fails);
        code.ShouldBe(0, output);
        const string Enabled = "enabled: ";
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToLookup(line => line.StartsWith(Enabled, StringComparison.Ordinal));
        return ([.. lines[false]], [.. lines[true].Select(line => line[Enabled.Length..])]);
    }
}
