// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Running;
using Penstock.Tests;

namespace Penstock.Daemon.Tests.Running;

/// <summary>What a daemon begins with where a configuration of the history was to run, and what a reload does then.</summary>
public sealed class KeptConfigsTests : IDisposable
{
    private static readonly ReloadCause s_operator = new("the admin API", "alice", "it fails");

    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-kept-").FullName;
    private readonly ManualTimeProvider _time = new();
    private readonly RecordingLogger<KeptConfigs> _log = new();
    private readonly ConfigSource _source;
    private KeptConfigs _kept;

    public KeptConfigsTests()
    {
        Write("first");
        _source = new ConfigSource(Main, anyHost: true);
        _kept = Daemon();
    }

    private string Main => Path.Combine(_folder, "penstock.yaml");

    private string Record => Path.Combine(_folder, "lib", ReturnRecord.Name);

    [Fact]
    public void RolledBack_IsWhatTheNextDaemonBeginsWith()
    {
        RolledBack();

        Started().ShouldBe("first");

        _kept.Status.Held.ShouldNotBeNull().Number.ShouldBe(1);
        _kept.Status.Running.ShouldBe(1);
    }

    [Fact]
    public void RolledBack_AndTheFilesHaveChangedSince_TheFilesRun()
    {
        RolledBack();
        Write("third");

        Started().ShouldBe("third");

        File.Exists(Record).ShouldBeFalse();
        Write("second");
        Started().ShouldBe("second", "what was once undone is not undone again");
    }

    [Fact]
    public void RolledBack_AndTheFilesHaveErrorsSince_GoesOn()
    {
        RolledBack();
        File.WriteAllText(Main, $"nonsense: 1\nstate: '{_folder}/lib' # not the default\n");

        Started().ShouldBe("first");

        Write("third");
        Started().ShouldBe("third");
    }

    [Fact]
    public void Window_WhoseFilesHaveErrorsAtTheStart_LeadsBackAtOnce()
    {
        ToBeConfirmed();
        File.WriteAllText(Main, $"state: {_folder}/lib\nnonsense: 1\n");

        Started().ShouldBe("first");

        _kept.Status.Held.ShouldNotBeNull().Why.ShouldBe("not confirmed, and the files have errors");
    }

    [Fact]
    public void RolledBack_AndTheFilesThatChangedAreRefused_TheOneOfTheHistoryRuns()
    {
        RolledBack();
        Write("third");
        _kept.Dispose();
        _kept = new KeptConfigs(_source, _time, _log);
        var first = _kept.First();
        Node(first).ShouldBe("third");

        var other = _kept.Instead(first, "the address is in use").ShouldNotBeNull();

        Node(other).ShouldBe("first");
        _kept.Applied(other, ReloadCause.Start);
        Started().ShouldBe("first", "the same files are not tried at each start");
    }

    [Fact]
    public void RolledBack_ToWhatIsRefused_TheFilesRun_AndTheRecordGoesOnceTheyDo()
    {
        RolledBack();
        _kept.Dispose();
        _kept = new KeptConfigs(_source, _time, _log);
        var first = _kept.First();

        var other = _kept.Instead(first, "the address is in use").ShouldNotBeNull();

        Node(other).ShouldBe("second");
        File.Exists(Record).ShouldBeTrue("these may be refused, too");
        _kept.Applied(other, ReloadCause.Start);
        File.Exists(Record).ShouldBeFalse();
        _kept.Status.Held.ShouldBeNull();
        _kept.Warnings().ShouldHaveSingleItem().ShouldBe("configuration 1 of the history was to run and can't, so what the files say does: the address is in use");
        Reload();
        _kept.Warnings().ShouldBeEmpty();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{\"number\": 1, \"texts\": []}")]
    [InlineData("{\"texts\": [{\"path\": \"a\", \"content\": \"bm9uc2Vuc2U6IDEK\"}]}")]
    public void RolledBack_ToWhatIsGoneOrDamaged_TheFilesRun(string? text)
    {
        RolledBack();
        var entry = Path.Combine(_folder, "lib", "history", "00000001.json");
        File.Delete(entry);
        if (text is not null)
            File.WriteAllText(entry, text);

        Started().ShouldBe("second");

        File.Exists(Record).ShouldBeFalse();
        _kept.Warnings().ShouldHaveSingleItem().ShouldStartWith("configuration 1 of the history was to run and can't, so what the files say does: ");
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"held\": {\"num")]
    public void Record_ThatIsDamaged_CountsForNothing(string text)
    {
        File.WriteAllText(Record, text);

        Started().ShouldBe("first");

        _kept.Warnings().ShouldHaveSingleItem().ShouldStartWith("whether a configuration of the history was to run is not known, and what the files say does: ");
        File.Exists(Record).ShouldBeFalse();
    }

    [Fact]
    public void Record_ThatLacksNames_IsReadAllTheSame()
    {
        Write("second");
        Reload();
        File.WriteAllText(Record, "{\"held\": {\"number\": 1}}");

        Started().ShouldBe("first");

        _kept.Warnings().ShouldHaveSingleItem().ShouldStartWith("configuration 1 of the history runs, not what the files say, since ");
    }

    [Fact]
    public void Record_ThatIsNoFile_HoldsNothingUp()
    {
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", Record))
            mkfifo.WaitForExit();

        Started().ShouldBe("first");
    }

    [Fact]
    public void Window_ThatEndedWhileNoDaemonRan_LeadsBack()
    {
        ToBeConfirmed();
        _time.Advance(TimeSpan.FromHours(1));

        Started().ShouldBe("first");

        _kept.Status.Window.ShouldBeNull();
        _kept.Status.Held.ShouldNotBeNull().Why.ShouldBe("not confirmed");
    }

    [Fact]
    public void Window_ThatEndedWhileNoDaemonRan_UndoesNoLaterFiles()
    {
        ToBeConfirmed();
        _time.Advance(TimeSpan.FromHours(1));
        Write("third");

        Started().ShouldBe("third");

        _kept.Status.Window.ShouldBeNull();
        File.Exists(Record).ShouldBeFalse();
    }

    [Fact]
    public void Window_ThatIsOpen_GoesOnInTheNextDaemon_WithWhateverTheFilesSay()
    {
        ToBeConfirmed();
        Write("third");

        Started().ShouldBe("third");

        _kept.Status.Window.ShouldNotBeNull().Number.ShouldBe(1);
        _time.Advance(TimeSpan.FromHours(1));
        Started().ShouldBe("first", "nobody has confirmed the third either");
    }

    [Fact]
    public void Window_WhoseFilesAreRefusedAtTheStart_LeadsBackAtOnce()
    {
        ToBeConfirmed();
        _kept.Dispose();
        _kept = new KeptConfigs(_source, _time, _log);
        var first = _kept.First();
        Node(first).ShouldBe("second");

        Node(_kept.Instead(first, "the address is in use").ShouldNotBeNull()).ShouldBe("first");

        _kept.Status.Window.ShouldBeNull();
        _kept.Status.Held.ShouldNotBeNull().Number.ShouldBe(1);
    }

    [Fact]
    public void Window_WhoseReturnFailed_IsEndedByAReload()
    {
        ToBeConfirmed();
        _kept.Postpone(TimeSpan.FromSeconds(30));
        Write("third");

        Reload();

        _kept.Status.Window.ShouldBeNull();
        Started().ShouldBe("third");
    }

    [Fact]
    public void Window_OfFilesWithAnotherFolderOfState_IsRefused()
    {
        File.WriteAllText(Main, $"state: {_folder}/other\nnode: second\n");

        Should.Throw<IOException>(() => _kept.OpenWindow(TimeSpan.FromMinutes(5), _source.Read(), s_operator)).Message.ShouldContain("name another folder of state than");

        _kept.Status.Window.ShouldBeNull();
    }

    [Fact]
    public void Confirmed_IsWhatTheNextDaemonBeginsWith()
    {
        ToBeConfirmed();
        _kept.Confirm();
        File.Exists(Record).ShouldBeFalse();
        _time.Advance(TimeSpan.FromHours(1));

        Started().ShouldBe("second");
    }

    [Fact]
    public void Reload_OfFilesAsTheyWereWhenTheirPlaceWasTaken_GoesOnWithTheHistory()
    {
        RolledBack();

        var chosen = _kept.Choose(_source.Read());

        Node(chosen).ShouldBe("first");
        chosen.Loaded.Diagnostics.ShouldHaveSingleItem().Message.ShouldBe("configuration 1 of the history runs on: the files are as they were when it was brought back, and penstock reload --files applies them");
        _kept.Applied(chosen, s_operator);
        _kept.Status.Held.ShouldNotBeNull();
        Write("third");
        Node(_kept.Choose(_source.Read())).ShouldBe("third");
        Reload();
        Write("second");
        Node(_kept.Choose(_source.Read())).ShouldBe("second", "nothing is held any more");
    }

    [Fact]
    public void Reload_WhereWhatIsHeldCannotBeRead_IsRefused()
    {
        RolledBack();
        File.Delete(Path.Combine(_folder, "lib", "history", "00000001.json"));

        var chosen = _kept.Choose(_source.Read());

        chosen.Loaded.Config.ShouldBeNull();
        chosen.Loaded.Diagnostics.ShouldHaveSingleItem().Message.ShouldContain("there is no configuration 1 in the history: penstock reload --files");
    }

    [Fact]
    public void Applied_IsInTheHistoryAtOnce_AndOnTheDiskOnceItIsNeededThere()
    {
        Write("second");
        Reload();
        var file = Path.Combine(_folder, "lib", "history", "00000002.json");
        File.Exists(file).ShouldBeFalse();
        _kept.Status.Running.ShouldBe(2);
        _kept.List().Select(entry => entry.Number).ShouldBe([2L, 1L]);
        _kept.Entry(2).Why.ShouldBe("it fails");

        _kept.OpenWindow(TimeSpan.FromMinutes(5), _source.Read(), s_operator);

        File.Exists(file).ShouldBeTrue("what is led back to outlives the daemon");
        _kept.List().Select(entry => entry.Number).ShouldBe([2L, 1L]);
    }

    [Fact]
    public void Applied_AndNothingIsNew_IsNotKeptTwice()
    {
        Reload();
        _kept.Flush();
        _kept.Status.Running.ShouldBe(1);
        Directory.GetFiles(Path.Combine(_folder, "lib", "history")).Length.ShouldBe(1);
    }

    [Fact]
    public void Applied_WhereItCannotBeWritten_SaysSo_AndIsKeptByTheNextReload()
    {
        Write("second");
        var inTheWay = Path.Combine(_folder, "lib", "history", "00000002.json.new");
        Directory.CreateDirectory(inTheWay);
        Reload();
        _kept.Flush();

        _kept.Status.Running.ShouldBeNull();
        _kept.Warnings().ShouldHaveSingleItem().ShouldStartWith("what runs is not in the history: ");
        Should.Throw<IOException>(() => _kept.OpenWindow(TimeSpan.FromMinutes(5), _source.Read(), s_operator));
        _kept.Status.Window.ShouldBeNull();

        Directory.Delete(inTheWay);
        Reload();
        _kept.Flush();
        _kept.Status.Running.ShouldBe(2);
        _kept.Warnings().ShouldBeEmpty();
    }

    [Fact]
    public void RolledBack_WhereItCannotBeRecorded_RunsAndSaysSo()
    {
        Directory.CreateDirectory(Record + ".new"); // in the place of the file

        RolledBack();

        _kept.Unsaved.ShouldNotBeNull().ShouldStartWith("a daemon that starts goes by another configuration than runs now: ");
        Directory.Delete(Record + ".new");
        Reload();
        _kept.Unsaved.ShouldBeNull();
        Started().ShouldBe("second");
    }

    [Fact]
    public void Instead_WhereThereIsNothingElse_IsNothing() => _kept.Instead(_source.Read(), "the address is in use").ShouldBeNull();

    public void Dispose()
    {
        _kept.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string? Node(ReadConfig read) => read.Loaded.Config?.Node;

    private void Write(string node) => File.WriteAllText(Main, $"state: {_folder}/lib\nnode: {node}\n");

    private KeptConfigs Daemon()
    {
        var kept = new KeptConfigs(_source, _time, _log);
        kept.Applied(kept.First(), ReloadCause.Start);
        kept.Flush();
        return kept;
    }

    /// <summary>The node's name in what the next daemon runs.</summary>
    private string? Started()
    {
        _kept.Dispose();
        var kept = _kept = new KeptConfigs(_source, _time, _log);
        var first = kept.First();
        kept.Applied(first, ReloadCause.Start);
        return Node(first);
    }

    private void Reload() => _kept.Applied(_source.Read(), s_operator);

    private void RolledBack()
    {
        Write("second");
        Reload();
        _kept.Hold(_kept.Past(number: null), s_operator);
        _kept.Status.Held.ShouldNotBeNull().Number.ShouldBe(1);
    }

    private void ToBeConfirmed()
    {
        Write("second");
        _kept.OpenWindow(TimeSpan.FromMinutes(5), _source.Read(), s_operator);
        Reload();
        _kept.Status.Window.ShouldNotBeNull().Number.ShouldBe(1);
    }
}
