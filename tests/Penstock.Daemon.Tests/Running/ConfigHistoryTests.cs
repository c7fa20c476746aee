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

    [Fact]
    public void Add_KeepsWhatFitsInTheBytesGiven_AndAtLeastTheNewestTwo()
    {
        new ConfigHistory(_folder).Add(Entry(1));
        var size = new FileInfo(Path.Combine(_folder, "00000001.json")).Length;
        var history = new ConfigHistory(_folder, mostBytes: (3 * size) + (size / 2));
        for (var number = 2; number <= 5; number++)
            history.Add(Entry(number));
        history.List().Select(entry => entry.Number).ShouldBe([5L, 4L, 3L]);

        var small = new ConfigHistory(_folder, mostBytes: size + 10);
        small.Add(Entry(6));
        small.List().Select(entry => entry.Number).ShouldBe([6L, 5L]);

        Should.Throw<IOException>(() => new ConfigHistory(_folder, mostBytes: 10).Add(Entry(7))).Message.ShouldContain("configuration 7 takes ");
        small.Newest().ShouldBe(6);
    }

    [Theory]
    [InlineData("2.json")]
    [InlineData("000000003.json")]
    public void FileThatHasAnotherName_IsNoneOfThem(string name)
    {
        var history = new ConfigHistory(_folder);
        history.Add(Entry(1));
        File.Copy(Path.Combine(_folder, "00000001.json"), Path.Combine(_folder, name));

        history.Newest().ShouldBe(1);
        history.Add(Entry(2));
        history.List().Select(entry => entry.Number).ShouldBe([2L, 1L]);
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
