// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.L7.ProxyProtocol;

namespace Penstock.L7.Tests.ProxyProtocol;

public sealed class DocumentTests
{
    [Fact]
    public void Document_Reasons_ListsEveryRejection() =>
        File.ReadLines(DocumentPath()).Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1])
            .ShouldBe(Enum.GetValues<ProxyHeaderRejection>().Where(reason => reason != ProxyHeaderRejection.None).Select(ProxyHeaderRejections.Token));

    private static string DocumentPath([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "docs", "proxy-protocol.md"); // A source file has a directory.
}
