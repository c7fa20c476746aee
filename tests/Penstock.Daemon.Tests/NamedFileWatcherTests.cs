// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Running;
using Penstock.Tests;

namespace Penstock.Daemon.Tests;

/// <summary>Files that the running configuration names, and that are replaced.</summary>
public sealed class NamedFileWatcherTests : IDisposable
{
    private readonly Sandbox _sandbox = new();
    private readonly ManualTimeProvider _time = new();
    private readonly NamedFileWatcher _watcher;
    private int _changes;

    public NamedFileWatcherTests() => _watcher = new NamedFileWatcher(() => _changes++, _time);

    public void Dispose()
    {
        _watcher.Dispose();
        _sandbox.Dispose();
    }

    [Fact]
    public void Change_CountsOnceItIsTheSameForTwoLooks()
    {
        var (certificate, key) = (Write("a.crt", "1"), Write("a.key", "1"));
        _watcher.Follow([certificate, key]);
        Look(3).ShouldBe(0);

        Write("a.crt", "22");
        Look().ShouldBe(0);
        Write("a.key", "22");
        Look().ShouldBe(0);
        Look().ShouldBe(1);
        Look(3).ShouldBe(1);
    }

    [Fact]
    public void Change_OfTheTimeAlone_Counts()
    {
        var file = Write("a.crt", "1");
        File.SetLastWriteTimeUtc(file, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        _watcher.Follow([file]);

        File.SetLastWriteTimeUtc(file, new DateTime(2026, 1, 2, 0, 0, 0, DateTimeKind.Utc));

        Look(2).ShouldBe(1);
    }

    [Fact]
    public void File_ThatIsGone_IsNoChangeUntilThereIsAnother()
    {
        var file = Write("a.crt", "1");
        _watcher.Follow([file]);
        File.Delete(file);
        Look(3).ShouldBe(0);

        Write("a.crt", "22");

        Look(2).ShouldBe(1);
    }

    [Fact]
    public void Link_ThatLeadsElsewhere_AndWhatALinkLeadsTo_Count()
    {
        var (first, second) = (Write("archive1.pem", "1"), Write("archive2.pem", "1"));
        File.SetLastWriteTimeUtc(second, File.GetLastWriteTimeUtc(first));
        var link = Path.Combine(_sandbox.Directory, "live.pem");
        File.CreateSymbolicLink(link, first);
        _watcher.Follow([link]);
        Write("archive1.pem", "22");
        Look(2).ShouldBe(1);

        File.Delete(link);
        File.CreateSymbolicLink(link, second);

        Look(2).ShouldBe(2);
    }

    [Fact]
    public void Files_ThatAreFollowedNoLonger_DoNotCount_AndNewOnesFromThenOn()
    {
        var (one, other) = (Write("a.crt", "1"), Write("b.crt", "1"));
        _watcher.Follow([one]);
        Write("a.crt", "22");
        Write("b.crt", "22");

        _watcher.Follow([other]);

        Look(3).ShouldBe(0);
        Write("b.crt", "333");
        Look(2).ShouldBe(1);
    }

    [Fact]
    public async Task Daemon_WithWatch_TakesARenewedCertificate()
    {
        using var authority = new TestAuthority(_sandbox.Directory);
        var (certificate, key) = authority.Sign(["shop.example.com"], days: 5);
        _sandbox.Write($$$"""
            node: test
            watch: true
            l7:
              listeners: [{name: front, bind: "127.0.0.1:{{{FreePort.Next()}}}", routes: main, tls: {certificates: [{cert: {{{certificate}}}, key: {{{key}}}}]}}]
              routes: {main: [{respond: {status: 204}}]}
            """);
        var daemon = await _sandbox.StartAsync();
        (await StatusAsync()).ShouldContain($"certificate {certificate} ends at ");

        authority.Sign(["shop.example.com"], days: 100);

        await daemon.WaitForLogAsync("changed files: generation 2 applied");
        (await StatusAsync()).ShouldNotContain($"certificate {certificate} ends at ");
    }

    private async Task<string> StatusAsync()
    {
        var (code, output, error) = await _sandbox.RunAsync("status", "--socket", _sandbox.SocketPath);
        code.ShouldBe(0, error);
        return output;
    }

    private int Look(int times = 1)
    {
        for (var i = 0; i < times; i++)
            _time.Advance(NamedFileWatcher.Period);
        return _changes;
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_sandbox.Directory, name);
        File.WriteAllText(path, text);
        return path;
    }
}
