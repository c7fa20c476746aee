// SPDX-License-Identifier: Apache-2.0
using System.Text.RegularExpressions;
using Penstock.Vm.Tests.Harness;

namespace Penstock.Vm.Tests;

/// <summary>Engine ipvs against Debian's kernel, read back with ipvsadm, with traffic between namespaces.</summary>
[Collection(GuestCollection.Name)]
public sealed class IpvsTests(Guest guest)
{
    private const string Vip = "203.0.113.10";
    private const string Vip6 = "[2001:db8:5::10]";
    private const string Backends = "[{address: 10.0.0.11, port: 80}, {address: 10.0.0.12, port: 80}]";

    private static readonly string[] s_schedulers = ["mh", "rr", "wrr", "lc", "wlc", "lblc", "sh", "sed", "nq"];
    private static readonly string[] s_forwardings = ["nat", "dsr-l2", "dsr-ipip", "dsr-gue"];

    [VmFact]
    public async Task Services_EverySchedulerAndForwarding_CarryTraffic()
    {
        // Each scheduler with each way of forwarding, over IPv4 and IPv6, TCP and UDP.
        var services = new List<string>();
        var (urls, datagrams) = (new List<string>(), new List<string>());
        foreach (var (vip, link, family) in ((string, string, string)[])[(Vip, "10.0.0.1", "v4"), (Vip6, "2001:db8::1", "v6")])
        {
            for (var i = 0; i < s_schedulers.Length * s_forwardings.Length; i++)
            {
                var (scheduler, forwarding) = (s_schedulers[i / s_forwardings.Length], s_forwardings[i % s_forwardings.Length]);
                var rest = $"forwarding: {forwarding}, ipvs: {{scheduler: {scheduler}}}, backends: [\"{link}1\", \"{link}2\"]";
                services.Add($"{{name: {scheduler}-{forwarding}-{family}, listen: \"tcp://{vip}:{8000 + i}\", {rest}}}");
                services.Add($"{{name: {scheduler}-{forwarding}-udp-{family}, listen: \"udp://{vip}:{5300 + i}\", {rest}}}");
                urls.AddRange(Enumerable.Repeat($"'http://{vip}:{8000 + i}/'", 2));
                datagrams.Add($"{vip}:{5300 + i}");
            }
        }

        Configure("lb", services);
        await guest.RunAsync("lab reset; lab start /vm/share/lb.yaml");
        var answers = (await guest.RunAsync($"lab get {string.Join(' ', urls)}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var echoes = (await guest.RunAsync($"lab udp {string.Join(' ', datagrams)}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var listed = await guest.RunAsync("ip netns exec lb ipvsadm -Ln");

        // A backend sees the client itself, whatever the way.
        answers.Length.ShouldBe(urls.Count);
        echoes.Length.ShouldBe(datagrams.Count);
        ((string[])[.. answers, .. echoes]).ShouldAllBe(answer => Regex.IsMatch(answer, "^rs[12] (?:198.51.100.2|2001:db8:1::2)$", RegexOptions.NonBacktracking));
        answers[8..10].ShouldBe(["rs1 198.51.100.2", "rs2 198.51.100.2"], ignoreOrder: true); // rr
        var counts = new List<Regex>();
        for (var i = 0; i < s_schedulers.Length * s_forwardings.Length; i++)
        {
            var (scheduler, forwarding) = (s_schedulers[i / s_forwardings.Length], s_forwardings[i % s_forwardings.Length]);
            foreach (var vip in (string[])[Vip, Vip6])
            {
                var (back, method) = forwarding switch { "nat" => ("[1-9][0-9]*", "Masq"), "dsr-l2" => ("0", "Route"), _ => ("0", "Tunnel") };
                listed.ShouldMatch($@"TCP +{Regex.Escape(vip)}:{8000 + i} {scheduler}\b.*\n +-> [^ ]+ +{method} +1 .*\n +-> [^ ]+ +{method} +1 ");
                listed.ShouldMatch($@"UDP +{Regex.Escape(vip)}:{5300 + i} {scheduler}\b.*\n +-> [^ ]+ +{method} +1 .*\n +-> [^ ]+ +{method} +1 ");
                // Connections, packets and bytes of both ways, of which answers pass by the director with nat only.
                counts.Add(new($@"TCP +{Regex.Escape(vip)}:{8000 + i} +2 +[1-9][0-9]* +{back} +[1-9][0-9]* +{back}\n", RegexOptions.NonBacktracking));
                counts.Add(new($@"UDP +{Regex.Escape(vip)}:{5300 + i} +1 +1 +{back} +[1-9][0-9]* +{back}\n", RegexOptions.NonBacktracking));
            }
        }

        var counted = "";
        for (var tries = 0; tries < 30 && !counts.TrueForAll(count => count.IsMatch(counted)); tries++)
            counted = await guest.RunAsync("ip netns exec lb ipvsadm -Ln --stats --exact; sleep 1"); // The kernel shows a sum that it makes every 2 s.
        counts.ShouldAllBe(count => count.IsMatch(counted), counted);
        (await guest.RunAsync("penstock status --socket /run/lb.sock")).ShouldMatch(@"(?m)^rr-dsr-gue-v6 +tcp://\[2001:db8:5::10\]:8007 +dsr-gue .* 2 ");
    }

    [VmFact]
    public async Task Services_WithEveryOption_ReadBackAsWritten()
    {
        Configure(
            "lb",
            [
                $"{{name: sticky, listen: \"tcp://{Vip}:8000\", forwarding: nat, ipvs: {{scheduler: rr, persistence: 90s, persistence_prefix: 24}}, backends: {Backends}}}",
                $"{{name: sticky6, listen: \"tcp://{Vip6}:*\", forwarding: dsr-l2, ipvs: {{scheduler: rr, persistence: 5m, persistence_prefix: 64}}, backends: [\"2001:db8::11\"]}}",
                $"{{name: dns, listen: \"udp://{Vip}:53\", forwarding: nat, ipvs: {{scheduler: rr, one_packet: true}}, backends: [10.0.0.11]}}",
                $"{{name: calls, listen: \"sctp://{Vip}:2905\", forwarding: dsr-l2, ipvs: {{fallback: true}}, backends: [{{address: 10.0.0.11, weight: 7, upper_threshold: 90, lower_threshold: 60}}]}}",
                $"{{name: client, listen: \"tcp://{Vip}:8001\", hash: client, forwarding: dsr-gue, backends: [{{address: 10.0.0.11, port: 5555}}]}}",
                $"{{name: marked, listen: \"tcp://{Vip}:8002\", forwarding: nat, ipvs: {{mark: 7, scheduler: sed}}, backends: {Backends}}}",
            ],
            "tcp_timeout: 20m, udp_timeout: 40s");

        var answers = await guest.RunAsync($"lab reset; lab start /vm/share/lb.yaml; lab get http://{Vip}:8000/ http://{Vip}:8000/");
        var listed = await guest.RunAsync("ip netns exec lb ipvsadm -Ln; ip netns exec lb ipvsadm -Ln --thresholds; ip netns exec lb ipvsadm -L --timeout; ip netns exec lb sysctl net.ipv4.vs.expire_nodest_conn");
        var log = await guest.RunAsync("kill -9 $(cat /run/lb.pid); lab start /vm/share/lb.yaml; cat /run/lb.log");

        answers.Split('\n')[0].ShouldBe(answers.Split('\n')[1]);
        listed.ShouldContain($"TCP  {Vip}:8000 rr persistent 90 mask 255.255.255.0\n");
        listed.ShouldContain("TCP  [2001:db8:5::10]:0 rr persistent 300 mask 64\n");
        listed.ShouldContain($"UDP  {Vip}:53 rr ops\n");
        listed.ShouldContain($"SCTP {Vip}:2905 mh (mh-fallback,mh-port)\n");
        listed.ShouldContain($"TCP  {Vip}:8001 mh\n");
        listed.ShouldContain("FWM  7 sed\n");
        listed.ShouldMatch(@"10\.0\.0\.11:2905 +Route +7 ");
        listed.ShouldMatch(@"10\.0\.0\.11:2905 +90 +60 ");
        listed.ShouldContain("Timeout (tcp tcpfin udp): 1200 120 40");
        listed.ShouldContain("net.ipv4.vs.expire_nodest_conn = 1");
        log.ShouldNotContain("in place after"); // The next daemon has nothing to change.
    }

    [VmFact]
    public async Task Daemon_WithoutWhatItNeeds_SaysWhat()
    {
        const string Start = "lab start /vm/share/lb.yaml || true";
        Configure(
            "lb",
            [
                $"{{name: web, listen: \"tcp://{Vip}:8000\", forwarding: nat, ipvs: {{scheduler: nq}}, backends: {Backends}}}",
                $"{{name: other, listen: \"tcp://{Vip}:8001\", forwarding: nat, ipvs: {{scheduler: sed}}, backends: {Backends}}}",
            ]);
        await guest.RunAsync("lab reset; for module in $(lsmod | awk '/^ip_vs_/ { print $1 }') ip_vs; do modprobe -r $module; done");
        var noModule = await guest.RunAsync($"echo install ip_vs /bin/false >/etc/modprobe.d/vm.conf; {Start}");
        var noScheduler = await guest.RunAsync($"echo install ip_vs_nq /bin/false >/etc/modprobe.d/vm.conf; {Start}");
        var noSchedulers = await guest.RunAsync($"modprobe -r ip_vs_sed; echo install ip_vs_sed /bin/false >>/etc/modprobe.d/vm.conf; {Start}");
        var noRight = await guest.RunAsync($"rm /etc/modprobe.d/vm.conf; ip netns exec lb setpriv --inh-caps=-all --bounding-set=-net_admin penstock run --config /vm/share/lb.yaml 2>&1 || true");

        noModule.ShouldContain("the kernel has no IPVS: modprobe ip_vs");
        noScheduler.ShouldContain("the kernel lacks its scheduler: modprobe ip_vs_nq\n");
        noSchedulers.ShouldContain("the kernel lacks its scheduler: modprobe -a ip_vs_nq ip_vs_sed\n");
        noRight.ShouldContain("EPERM");
    }

    [VmFact]
    public async Task Daemon_KilledUnderTraffic_IsFollowedWithoutAFailure_AndTakesAwayItsOwnOnly()
    {
        const string Service = $"{{name: web, listen: \"tcp://{Vip}:8000\", forwarding: nat, ipvs: {{scheduler: rr}}, backends: {Backends}}}";
        await guest.RunAsync($"lab reset; ip netns exec lb ipvsadm -A -t {Vip}:9999 -s rr; ip netns exec lb ipvsadm -a -t {Vip}:9999 -r 10.0.0.99:1 -m");
        Configure("lb", [Service, $"{{name: gone, listen: \"tcp://{Vip}:8001\", forwarding: nat, backends: {Backends}}}"]);
        await guest.RunAsync("lab start /vm/share/lb.yaml");

        // The next daemon finds one of the two services no longer wanted, and all else as it should be.
        Configure("lb", [Service]);
        var killed = await guest.RunAsync($$"""
            : >/run/answers
            (while [ ! -e /run/ends ]; do lab get 'http://{{Vip}}:8000/?'{1..20} || echo failed; done) >/run/answers 2>&1 & load=$!
            lab await larger /run/answers 1
            kill -9 $(cat /run/lb.pid)
            lab grow /run/answers 1000
            lab start /vm/share/lb.yaml
            lab grow /run/answers 1000
            touch /run/ends
            wait $load
            rm /run/ends
            sort /run/answers | uniq -c
            """);
        // Two kinds of answers, and no failure.
        killed.ShouldMatch(@"^ *[0-9]+ rs1 198\.51\.100\.2\n *[0-9]+ rs2 198\.51\.100\.2\n$");
        var log = await guest.RunAsync("cat /run/lb.log");
        log.ShouldContain("in place after 1 changes");
        var listed = await guest.RunAsync("ip netns exec lb ipvsadm -Ln");
        listed.ShouldNotContain($"{Vip}:8001");
        listed.ShouldContain($"TCP  {Vip}:9999 rr");
        (await guest.RunAsync("penstock status --socket /run/lb.sock")).ShouldContain($"warning: IPVS has a service at tcp://{Vip}:9999 that is not in the configuration");

        // Drain: open connections end as they would have, new ones go elsewhere.
        Configure("lb", [Service.Replace("10.0.0.11,", "10.0.0.11, state: drain,", StringComparison.Ordinal)]);
        var drained = await guest.RunAsync($$"""
            lab get http://{{Vip}}:8000/slow >/run/slow1 & one=$!
            lab get http://{{Vip}}:8000/slow >/run/slow2 & two=$!
            lab await larger /run/slow1 1
            lab await larger /run/slow2 1
            penstock reload --socket /run/lb.sock >/dev/null
            lab get 'http://{{Vip}}:8000/?'{1..6}
            ip netns exec lb ipvsadm -Ln
            lab grow /run/slow1 3
            lab grow /run/slow2 3
            touch /run/ends
            wait $one; wait $two
            tail -c 4 /run/slow1; tail -c 4 /run/slow2
            """);
        Regex.Count(drained, "^rs2 ", RegexOptions.Multiline).ShouldBe(6, drained);
        drained.ShouldNotContain("rs1 ");
        drained.ShouldMatch(@"10\.0\.0\.11:80 +Masq +0 +1 ");
        drained.ShouldEndWith("\nend\nend\n");

        // A reload that the kernel refuses half-way (a broadcast address) leaves all as it was, also what it would have taken over.
        Configure("lb", [Service, $"{{name: taken, listen: \"tcp://{Vip}:9999\", forwarding: nat, ipvs: {{scheduler: wrr}}, backends: {Backends}}}", $"{{name: refused, listen: \"tcp://{Vip}:9998\", forwarding: nat, backends: [10.0.0.255]}}"]);
        var refused = await guest.RunAsync("penstock reload --socket /run/lb.sock 2>&1 || true; ip netns exec lb ipvsadm -Ln; cat /run/lb.services");
        refused.ShouldContain("could not add destination 10.0.0.255:9998 of tcp://203.0.113.10:9998: EINVAL");
        refused.ShouldNotContain("TCP  203.0.113.10:9998");
        refused.ShouldMatch($@"TCP +{Regex.Escape(Vip)}:9999 rr\n +-> 10\.0\.0\.99:1 +Masq");
        refused.ShouldNotContain("\ntcp://203.0.113.10:9999\n");

        // No service left: nothing of ours is, and what is not ours stays.
        Configure("lb", []);
        var left = await guest.RunAsync("penstock reload --socket /run/lb.sock >/dev/null; lab stop; ip netns exec lb ipvsadm -Ln; ls /run/lb.services 2>/dev/null || echo no state");
        left.ShouldNotContain(":8000");
        left.ShouldContain($"TCP  {Vip}:9999 rr");
        left.ShouldContain("no state");
    }

    [VmFact]
    public async Task State_DiskFull_ChangesNothingUntilThereIsRoom()
    {
        string Service(int port, string state = "") => $"{{name: s{port}, listen: \"tcp://{Vip}:{port}\", forwarding: nat, ipvs: {{scheduler: rr}}, backends: {Backends.Replace("10.0.0.11,", $"10.0.0.11,{state}", StringComparison.Ordinal)}}}";
        const string Take = "sed 's|/run/lb.services|/run/small/services|' /vm/share/lb.yaml >/run/lb.yaml";
        const string Reload = $"{Take}; penstock reload --socket /run/lb.sock 2>&1 || echo refused; ip netns exec lb ipvsadm -Sn | sort; cat /run/small/services";
        Configure("lb", [Service(8000), Service(8001)]);
        var before = await guest.RunAsync($"lab reset; mkdir -p /run/small; mount -t tmpfs -o size=64k small /run/small; {Take}; lab start /run/lb.yaml >/dev/null; ip netns exec lb ipvsadm -Sn | sort; cat /run/small/services");

        // One service goes, another comes.
        Configure("lb", [Service(8000), Service(8002)]);
        var full = await guest.RunAsync($"cat /dev/zero >/run/small/fill || true; {Reload}; ls /run/small");
        full.ShouldContain("l4: /run/small/services, which lists what this daemon has made in IPVS, can't be written, so IPVS stays as it is: No space left on device");
        full.ShouldContain($"refused\n{before}fill\nservices\nservices.lock\n");

        // A state takes no room.
        Configure("lb", [Service(8000, " state: drain,"), Service(8001)]);
        var drained = await guest.RunAsync(Reload);
        drained.ShouldContain($"-a -t {Vip}:8000 -r 10.0.0.11:80 -m -w 0\n");
        drained.ShouldNotContain("refused");

        // With room again; and the next daemon knows what is its own.
        Configure("lb", [Service(8000), Service(8002)]);
        var room = await guest.RunAsync($"rm /run/small/fill; {Reload}");
        room.ShouldContain($"-A -t {Vip}:8002 ");
        room.ShouldNotContain(":8001");
        Configure("lb", []);
        var after = await guest.RunAsync($"kill -9 $(cat /run/lb.pid); {Take}; lab start /run/lb.yaml >/dev/null; ip netns exec lb ipvsadm -Sn; ls /run/small; lab stop; umount /run/small");
        after.ShouldBe("services.lock\n");
    }

    [VmFact]
    public async Task Backend_Lost_IsTakenOut_WhateverAnotherHandHasDone_AndStaysOutOverARestart()
    {
        Configure("lb", [$"{{name: web, listen: \"tcp://{Vip}:8000\", forwarding: nat, health: {{type: tcp, interval: 2s, timeout: 2s, rise: 1, fall: 1}}, backends: {Backends}}}"]);

        var output = await guest.RunAsync("""
            lab reset
            lab start /vm/share/lb.yaml
            members() { ip netns exec lb ipvsadm -Ln | awk '$1 == "->" { print $2 }' | tail -n +2 | sort | xargs; }
            holds() { [ "$(members)" = "$*" ]; }
            export -f members holds
            lab await bash -c 'holds 10.0.0.11:80 10.0.0.12:80'
            ip netns exec lb ipvsadm -C
            for module in $(lsmod | awk '/^ip_vs_/ { print $1 }') ip_vs; do modprobe -r $module; done # The next one has another number in netlink.
            modprobe ip_vs
            ip link set rs1 nomaster # its cable is out
            lab await bash -c 'holds 10.0.0.12:80'
            cat /run/lb.log
            kill -9 $(cat /run/lb.pid)
            lab start /vm/share/lb.yaml
            echo next daemon: $(members)
            ip link set rs1 master br0
            lab await bash -c 'holds 10.0.0.11:80 10.0.0.12:80'
            """);

        output.ShouldContain("IPVS was changed by another hand: could not ");
        output.ShouldContain("next daemon: 10.0.0.12:80\n"); // What was down stays so until its check passes.
    }

    [VmFact]
    public async Task Services_AThousandWithTenBackends_AreWrittenOnce()
    {
        var backends = string.Join(", ", Enumerable.Range(1, 10).Select(number => $"10.0.1.{number}"));
        Configure("lb", [.. Enumerable.Range(0, 1000).Select(i => $"{{name: s{i}, listen: \"tcp://{Vip}:{10000 + i}\", forwarding: nat, backends: [{backends}]}}")]);

        var before = await guest.RunAsync("lab reset; lab start /vm/share/lb.yaml; ip netns exec lb ipvsadm -Sn | sort");
        var after = await guest.RunAsync("penstock reload --socket /run/lb.sock >/dev/null; ip netns exec lb ipvsadm -Sn | sort");
        var log = await guest.RunAsync("cat /run/lb.log");

        before.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(11000);
        after.ShouldBe(before);
        log.ShouldContain("1000 services of IPVS in place after 12000 changes, ");
        Regex.Count(log, "in place after").ShouldBe(1, log); // The reload changed nothing.
    }

    [VmFact]
    public async Task Sync_DirectorGone_TheOtherCarriesItsConnections()
    {
        foreach (var host in (string[])["lb", "lb2"])
            Configure(host, [$"{{name: web, listen: \"tcp://{Vip}:8000\", forwarding: dsr-ipip, ipvs: {{scheduler: rr}}, backends: [10.0.0.11, 10.0.0.12]}}"], "sync: {interface: eth0, id: 5}");

        var output = await guest.RunAsync($$"""
            lab reset
            lab start /vm/share/lb.yaml
            lab start /vm/share/lb2.yaml lb2
            ip netns exec lb ipvsadm -L --daemon
            lab get http://{{Vip}}:8000/slow >/run/slow & load=$!
            lab await bash -c 'ip netns exec lb2 ipvsadm -Lnc | grep -q ESTABLISHED'
            ip -n c route replace {{Vip}} via 198.51.100.3
            ip link set lb nomaster # its cable is out
            lab grow /run/slow 100
            ip netns exec lb2 ipvsadm -Lnc
            ip netns exec lb2 ipvsadm -Ln --stats --exact
            touch /run/ends
            wait $load
            tail -c 4 /run/slow
            """);
        await guest.RunAsync($"""
            ip link set lb master br0
            ip -n c route replace {Vip} via 198.51.100.1
            lab stop; lab stop lb2
            """);
        Configure("lb", []);
        var after = await guest.RunAsync("lab start /vm/share/lb.yaml; lab stop; ip netns exec lb ipvsadm -L --daemon; ip netns exec lb ipvsadm -Ln");

        output.ShouldContain("master sync daemon (mcast=eth0, syncid=5,");
        output.ShouldContain("backup sync daemon (mcast=eth0, syncid=5,");
        output.ShouldEndWith("\nend\n");
        output.ShouldMatch(@"TCP +\d+:\d+ +ESTABLISHED +198\.51\.100\.2:\d+ +203\.0\.113\.10:8000 +10\.0\.0\.1[12]:8000");
        output.ShouldMatch(@"TCP +203\.0\.113\.10:8000 +[0-9]+ +[1-9][0-9]* "); // The client's packets go by the second one.
        after.ShouldNotContain("sync daemon (");
        after.ShouldNotContain(":8000");
    }

    [VmFact]
    public async Task Engine_UserspaceBecomesIpvsByReload_NoConnectionIsLost()
    {
        Configure("lb", [$"{{name: web, listen: \"tcp://{Vip}:8000\", forwarding: nat, backends: {Backends}}}"]);

        var output = await guest.RunAsync($$"""
            lab reset
            userspace() { sed '/^  ipvs:/d; s/engine: ipvs/engine: userspace/' /vm/share/lb.yaml >/run/lb.yaml; }
            userspace
            lab start /run/lb.yaml
            lab get 'http://{{Vip}}:8000/?'{1..4}
            lab get http://{{Vip}}:8000/slow >/run/slow & load=$!
            lab await larger /run/slow 1
            cp /vm/share/lb.yaml /run/lb.yaml
            penstock reload --socket /run/lb.sock
            lab get 'http://{{Vip}}:8000/?'{1..6}
            lab grow /run/slow 3
            touch /run/ends
            wait $load
            tail -c 4 /run/slow
            userspace
            penstock reload --socket /run/lb.sock 2>&1 || true
            lab get http://{{Vip}}:8000/
            """);

        Regex.Count(output, "^rs[12] 10.0.0.1$", RegexOptions.Multiline | RegexOptions.NonBacktracking).ShouldBe(4, output); // relayed
        Regex.Count(output, "^rs[12] 198.51.100.2$", RegexOptions.Multiline | RegexOptions.NonBacktracking).ShouldBe(7, output); // by the kernel, after the reload that is refused too
        output.ShouldContain("\nend\n");
        output.ShouldContain("a reload does not change ipvs to userspace");
    }

    [VmFact]
    public async Task Sync_FollowsTheRoleOfItsHost()
    {
        foreach (var (host, number) in ((string, int)[])[("lb", 1), ("lb2", 3)])
        {
            Configure(
                host, [$"{{name: web, listen: \"tcp://{Vip}:8000\", forwarding: dsr-ipip, backends: [10.0.0.11]}}"], "sync: {interface: eth0, id: 6, role: vrrp}",
                $$"""
                vrrp: [{name: edge, interface: eth0, router_id: 9, priority: {{200 - number}}, advert_interval: 500ms, peers: [198.51.100.{{4 - number}}], addresses: [198.51.100.100/24]}]
                keepalived: {run: /run/{{host}}-keepalived, state: /run/{{host}}-keepalived-state, restart_grace: 60s}

                """);
        }

        var output = await guest.RunAsync("""
            master() { ip netns exec $1 ipvsadm -L --daemon | grep -q '^master sync daemon (mcast=eth0, syncid=6'; }
            backup() { ip netns exec $1 ipvsadm -L --daemon | grep -q '^backup sync daemon (mcast=eth0, syncid=6'; }
            only() { $1 $2 && [ $(ip netns exec $2 ipvsadm -L --daemon | wc -l) = 1 ]; }
            lab reset
            lab start /vm/share/lb.yaml
            lab start /vm/share/lb2.yaml lb2
            await() { for _ in $(seq 900); do "$@" && return; sleep 0.1; done; echo "in vain: $*"; cat /run/lb.log /run/lb2.log; return 1; }
            await only master lb
            await only backup lb2
            penstock status --socket /run/lb.sock | grep ^edge
            lab stop
            lab start /vm/share/lb.yaml
            only master lb # all the while, though the daemon that began had to learn its role
            kill -9 $(cat /run/lb.pid) $(cat /run/lb-keepalived/edge/*.pid)
            await only master lb2
            lab start /vm/share/lb.yaml
            await only master lb
            await only backup lb2
            lab stop; lab stop lb2
            kill $(cat /run/lb-keepalived/edge/keepalived.pid /run/lb2-keepalived/edge/keepalived.pid)
            """);

        output.ShouldMatch("edge +MASTER +.*eth0 +9 +199 +198.51.100.100/24");
    }

    private void Configure(string host, IReadOnlyList<string> services, string ipvs = "", string vrrp = "") => guest.Write($"{host}.yaml", $$"""
        node: {{host}}
        admin: {socket: /run/{{host}}.sock}
        {{vrrp}}l4:
          engine: ipvs
          ipvs: {state: /run/{{host}}.services, sysctls: {expire_nodest_conn: 1}{{(ipvs.Length > 0 ? ", " + ipvs : "")}}}
          services: {{(services.Count == 0 ? "[]" : "")}}

        """ + string.Concat(services.Select(service => $"    - {service}\n")));
}
