// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.L7.Errors;
using Penstock.L7.Http1;

namespace Penstock.L7.Tests.Errors;

public sealed class ErrorsDocumentTests
{
    [Fact]
    public void Document_Table_SaysWhatTheCatalogueSays()
    {
        Rows().Take(ProxyErrors.All.Length).ShouldBe(ProxyErrors.All.Select(error => Row(ProxyErrors.Of(error))));
    }

    [Fact]
    public void Document_RulesOfHttp_ListsEveryRejection()
    {
        IEnumerable<string> rejections = Enum.GetValues<RejectReason>().Where(reason => reason != RejectReason.None).Select(reason => $"| `{reason.Token()}` | {reason.Status()}");

        Rows().Skip(ProxyErrors.All.Length).Select(row => row[..row.LastIndexOf(" | ", StringComparison.Ordinal)]).ShouldBe(rejections);
    }

    private static string[] Rows() => [.. File.ReadLines(DocumentPath()).Where(line => line.StartsWith("| `", StringComparison.Ordinal))];

    private static string Row(ProxyErrorInfo info) =>
        $"| `{info.Token}` | {(info.Status == 0 ? "none" : info.Status)} | `{info.Type}` | {Lower(info.Fault)} | {info.Meaning} |";

    private static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static string DocumentPath([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "docs", "errors.md"); // A source file has a directory.
}
