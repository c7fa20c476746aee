// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;
using Penstock.Tidy.Tests;

namespace Penstock.Peers.Tests.Tls;

/// <summary>The scripts of docs/howto-certificates.md that make and replace ticket keys, as they stand there, with two daemons for two hosts.</summary>
public sealed class TicketKeysTests : IDisposable
{
    private readonly TlsSite _site = new();
    private readonly string _take;
    private readonly string _first;
    private readonly string _next;

    public TicketKeysTests()
    {
        var text = Repository.Read("docs/howto-certificates.md");
        var blocks = text[text.IndexOf("\n## 6. Ticket keys", StringComparison.Ordinal)..].Split("```sh\n")[1..4].Select(block => block[..block.IndexOf("```", StringComparison.Ordinal)]).ToArray();
        foreach (var host in (string[])["lb1", "lb2"])
        {
            Directory.CreateDirectory(InFolder(host));
            Script(host, "penstock-take-keys", blocks[0]);
            Script(host, "systemctl", $"test ! -e {InFolder(host, "socket")} || exec {Programs.Penstock} \"$1\" --socket \"$(cat {InFolder(host, "socket")})\"\n");
        }

        _take = InFolder("lb1", "penstock-take-keys");
        _first = Script("lb1", "first", blocks[1]);
        _next = Script("lb1", "penstock-keys", blocks[2]);
        Script("lb1", "ssh", $"PATH={InFolder("lb2")}:$PATH exec {InFolder("lb2")}/${{2##*/}}\n");
    }

    public void Dispose() => _site.Dispose();

    [PeerFact("openssl")]
    public async Task Rotation_OnTwoHosts_LosesNoSession()
    {
        (await RunAsync(_first)).ShouldBe((0, ""));
        var keys = Keys("lb1");
        Keys("lb2").ShouldBe(keys);
        await using var origin = RawOrigin.Answering();
        await using var lb1 = await StartAsync(origin, "lb1");
        await using var lb2 = await StartAsync(origin, "lb2");
        await ShouldGoOnAsync(lb1, lb2);

        // Half way: lb2 has the new keys; lb1, whose reload is refused, has those that were there.
        File.WriteAllText(InFolder("lb1", "socket"), "/nowhere");
        (await RunAsync(_next)).ExitCode.ShouldNotBe(0);
        File.WriteAllText(InFolder("lb1", "socket"), lb1.AdminAddress.ToString());
        Keys("lb1").ShouldBe(keys);
        Keys("lb2")[..2].ShouldBe([keys[2], keys[0]]);
        await ShouldGoOnAsync(lb2, lb1);
        await ShouldGoOnAsync(lb1, lb2);

        (await RunAsync(_next)).ExitCode.ShouldBe(0);

        var after = Keys("lb1");
        after[..2].ShouldBe([keys[2], keys[0]]);
        Keys("lb2").ShouldBe(after);
        foreach (var host in (PenstockProcess[])[lb1, lb2])
            (await _site.AskAsync(host.Port, "-sess_in session")).ShouldContain("\nReused, ");

        // A day later the oldest key is gone.
        (await RunAsync(_next)).ExitCode.ShouldBe(0);

        Keys("lb2")[..2].ShouldBe([after[2], after[0]]);
        (await _site.AskAsync(lb2.Port, "-sess_in session")).ShouldContain("\nNew, ");
    }

    [PeerFact("openssl")]
    public async Task Keys_ThatAreNotThree_AreNotTaken()
    {
        (await RunAsync(_first)).ShouldBe((0, ""));
        var keys = File.ReadAllText(InFolder("lb1", "tickets.keys"));

        foreach (var text in (string[])["", keys[..^20], keys[..(keys.IndexOf('\n', StringComparison.Ordinal) + 1)], keys + keys])
            (await RunAsync($"{_take} <{_site.Write("taken", text)}")).ExitCode.ShouldNotBe(0);

        File.ReadAllText(InFolder("lb1", "tickets.keys")).ShouldBe(keys);
        Directory.GetFileSystemEntries(InFolder("lb1"), ".new.*").ShouldBeEmpty();
    }

    /// <summary>A session of one goes on with the other.</summary>
    private async Task ShouldGoOnAsync(PenstockProcess one, PenstockProcess other)
    {
        (await _site.AskAsync(one.Port, "-sess_out session")).ShouldContain("\nNew, ");
        (await _site.AskAsync(other.Port, "-sess_in session")).ShouldContain("\nReused, ");
    }

    private async Task<PenstockProcess> StartAsync(RawOrigin origin, string host)
    {
        var penstock = await PenstockProcess.StartAsync(_site.Config(origin, $", session_ticket_keys: {InFolder(host, "tickets.keys")}"));
        File.WriteAllText(InFolder(host, "socket"), penstock.AdminAddress.ToString());
        return penstock;
    }

    // As root of lb1.
    private Task<(int ExitCode, string Output)> RunAsync(string line) => ChildProcess.RunAsync("bash", "-c", $"PATH={InFolder("lb1")}:$PATH; {line}");

    private string[] Keys(string host) => File.ReadAllLines(InFolder(host, "tickets.keys"));

    private string InFolder(string host, string file = "") => Path.Combine(_site.Folder, host, file).TrimEnd('/');

    // With a folder for the host's, and without the package's group.
    private string Script(string host, string name, string text)
    {
        text = text.Replace("/etc/penstock/tls", InFolder(host), StringComparison.Ordinal).Replace("/usr/local/sbin", InFolder(host), StringComparison.Ordinal).Replace("-o root -g penstock ", "", StringComparison.Ordinal);
        var path = InFolder(host, name);
        File.WriteAllText(path, text.StartsWith("#!", StringComparison.Ordinal) ? text : "#!/bin/sh\n" + text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
