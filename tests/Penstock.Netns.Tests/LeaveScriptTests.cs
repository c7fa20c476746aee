// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>What takes off the host what the daemon has put on it, in a root and a network of its own. A kernel with IPVS is not at hand: who would take services out of it says from which list.</summary>
public sealed class LeaveScriptTests : IDisposable
{
    // Runs the script in a copy of / that keeps nothing, with lists in two places; says what it has said, and which addresses and lists are left.
    private const string InARoot = """
        set -e
        sources=$1 folder=$2 binary=$3 config=$4
        mount -t tmpfs memory "$folder"
        mkdir "$folder/changes" "$folder/work" "$folder/all"
        mount -t overlay -o "lowerdir=/,upperdir=$folder/changes,workdir=$folder/work" overlay "$folder/all"
        root=$folder/all
        mount -t tmpfs run "$root/run"
        for one in /dev /proc "$(dirname "$binary")" "$(dirname "$(realpath "$(command -v dotnet)")")"; do
          mkdir -p "$root$one"
          mount --rbind "$one" "$root$one"
        done
        mkdir -p "$root/etc/penstock" "$root/usr/lib/penstock" "$root/run/penstock/bird" "$root/run/elsewhere/bird"
        rm -rf "$root/etc/penstock"/*
        cp "$sources/none.yaml" "$root/usr/lib/penstock/"
        cp "$sources/leave" "$root/leave"
        [ -z "$config" ] || printf '%s\n' "$config" >"$root/etc/penstock/penstock.yaml"
        rm -f "$root/usr/sbin/penstock"
        cat >"$root/usr/sbin/penstock" <<STUB
        #!/bin/sh
        case \$1 in
        check) exec "$binary" "\$@" ;;
        run)
          sleep 60 &
          trap "kill \$!; exit 0" TERM
          rm "\$(sed -n 's/^  ipvs: {state: "\(.*\)"}$/\1/p' "\$3")"
          wait ;;
        esac
        STUB
        chmod +x "$root/usr/sbin/penstock"
        echo 'tcp://203.0.113.1:80' >"$root/run/penstock/ipvs.services"
        echo 'tcp://203.0.113.2:80' >"$root/run/elsewhere/services"
        echo 203.0.113.8 >"$root/run/penstock/bird/addresses"
        printf '203.0.113.9\n2001:db8::9\n' >"$root/run/elsewhere/bird/addresses"
        ip link set lo up
        for address in 203.0.113.8/32 203.0.113.9/32 2001:db8::9/128; do ip address add $address dev lo; done
        DOTNET_ROOT=$(dirname "$(realpath "$(command -v dotnet)")") chroot "$root" /bin/sh /leave 2>&1 | sed 's/^/said: /'
        ip -o address show dev lo | awk '{ print "left: " $4 }'
        (cd "$root/run" && find . -type f | sort | sed 's/^/left: /')
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("penstock-leave-");

    public void Dispose() => _folder.Delete(recursive: true);

    [NetnsTheory]
    [InlineData("")]
    [InlineData("node: a\nnonsense: 1\nbird: {run: /run/elsewhere/bird}")]
    public async Task Leave_WithoutAConfiguration_TakesWhatIsListedWhereItIsByDefault(string config) => (await RunAsync(config)).ShouldBe(
    [
        "said: penstock: IPVS has tcp://203.0.113.1:80 no more", "said: penstock: this host has no more 203.0.113.8/32 of lo",
        "left: 127.0.0.1/8", "left: 203.0.113.9/32", "left: 2001:db8::9/128", "left: ::1/128",
        "left: ./elsewhere/bird/addresses", "left: ./elsewhere/services",
    ]);

    [NetnsTheory]
    [InlineData("node: a\nbird: {run: /run/elsewhere/bird}\nl4: {engine: ipvs, ipvs: {state: /run/elsewhere/services}}")]
    public async Task Leave_WithAConfiguration_TakesWhatIsListedWhereThatHasIt(string config) => (await RunAsync(config)).ShouldBe(
    [
        "said: penstock: IPVS has tcp://203.0.113.1:80 no more", "said: penstock: IPVS has tcp://203.0.113.2:80 no more",
        "said: penstock: this host has no more 2001:db8::9/128 of lo, 203.0.113.8/32 of lo, 203.0.113.9/32 of lo",
        "left: 127.0.0.1/8", "left: ::1/128",
    ]);

    private async Task<string[]> RunAsync(string config)
    {
        var (code, output) = await ChildProcess.RunAsync(
            "/usr/bin/unshare", "--mount", "--net", "--propagation", "private", "/bin/bash", "-c", InARoot, "run", Path.Combine(Objects.Root, "packaging"), _folder.CreateSubdirectory("root").FullName, Path.GetFullPath(Topology.Penstock), config);
        code.ShouldBe(0, output);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
