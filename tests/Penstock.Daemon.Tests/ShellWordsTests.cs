// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Tests;

/// <summary>Commands in lines of shell.</summary>
public sealed class ShellWordsTests
{
    [Theory]
    [InlineData("penstock drain --why 'a new disk' # on each", "penstock drain --why a new disk")]
    [InlineData("penstock check && penstock diff || echo no", "penstock check;penstock diff;echo no")]
    [InlineData("for lb in lb1; do ssh $lb penstock status; done", "for lb in lb1;ssh $lb penstock status;done")]
    [InlineData("penstock schema > a.json 2>/dev/null 2>&1", "penstock schema")]
    [InlineData("X=1 penstock \\\n  status\n(make demo)", "penstock status;make demo")]
    [InlineData("", "")]
    public void Commands_OfText_AreSplit(string text, string commands) =>
        string.Join(';', ShellWords.Commands(text).Select(words => string.Join(' ', words))).ShouldBe(commands);
}
