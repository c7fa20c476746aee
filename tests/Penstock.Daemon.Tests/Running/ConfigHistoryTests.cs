// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Running;

namespace Penstock.Daemon.Tests.Running;

public sealed class ConfigHistoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-history-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Add_KeepsTheNewestTwenty()
    {
        var history = new ConfigHistory(_folder);
        history.Newest().ShouldBe(0);
        history.Before(long.MaxValue).ShouldBeNull();
        for (var number = 1; number <= ConfigHistory.Most + 3; number++)
            history.Add(Entry(number));

        history.List().Select(entry => entry.Number).ShouldBe(Enumerable.Range(4, ConfigHistory.Most).Select(number => (long)number).Reverse());
        history.Newest().ShouldBe(ConfigHistory.Most + 3);
        history.Before(7).ShouldBe(6);
        history.Before(4).ShouldBeNull();
        history.Read(5).Texts.ShouldHaveSingleItem().Content.ShouldBe("node: n5\n"u8.ToArray());
        Directory.GetFiles(_folder).Length.ShouldBe(ConfigHistory.Most);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"number\": 2, \"te")]
    [InlineData("{\"number\": 2, \"texts\": []}")]
    [InlineData("{\"number\": 2, \"texts\": [{\"path\": null, \"content\": \"\"}]}")]
    public void Entry_ThatIsDamaged_IsLeftOut(string text)
    {
        var history = new ConfigHistory(_folder);
        history.Add(Entry(1));
        File.WriteAllText(Path.Combine(_folder, "00000002.json"), text);

        history.List().ShouldHaveSingleItem().Number.ShouldBe(1);
        Should.Throw<IOException>(() => history.Read(2));
    }

    [Fact]
    public void Add_WhereTheFolderCannotBeWritten_SaysSo()
    {
        File.WriteAllText(_folder + "/taken", "");
        Should.Throw<IOException>(() => new ConfigHistory(_folder + "/taken").Add(Entry(1))).Message.ShouldStartWith(_folder + "/taken can't be written: ");
    }

    private static HistoryEntry Entry(int number) =>
        new(number, DateTimeOffset.UnixEpoch, $"hash{number}", "start", By: "", Why: "", [new HistoryText("/etc/penstock/penstock.yaml", System.Text.Encoding.ASCII.GetBytes($"node: n{number}\n"))]);
}
