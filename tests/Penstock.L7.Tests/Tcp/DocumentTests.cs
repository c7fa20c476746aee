// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.L7.Tcp;

namespace Penstock.L7.Tests.Tcp;

public sealed class DocumentTests
{
    [Fact]
    public void Document_Reasons_ListsEveryRejectionOfAClientHello() =>
        File.ReadLines(DocumentPath()).Where(line => line.StartsWith("| `hello_", StringComparison.Ordinal)).Select(line => line.Split('`')[1])
            .ShouldBe(Enum.GetValues<ClientHelloRejection>().Where(reason => reason != ClientHelloRejection.None).Select(ClientHelloRejections.Token));

    private static string DocumentPath([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "docs", "tcp.md"); // A source file has a directory.
}
