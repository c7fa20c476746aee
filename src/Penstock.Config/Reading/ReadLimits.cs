// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Reading;

/// <summary>How much text is read, so that any input is handled within 200 MB of memory.</summary>
internal static class ReadLimits
{
    /// <summary>Bytes of one file. 8 MiB hold some 40,000 short routes.</summary>
    public const int FileBytes = 8 << 20;

    /// <summary>Bytes of all files together.</summary>
    public const int TotalBytes = 16 << 20;

    /// <summary>Number of files.</summary>
    public const int Files = 1000;

    /// <summary>Bytes of one file of client networks.</summary>
    public const int SourceFileBytes = 64 << 20;

    /// <summary>Networks of one such file, 17 bytes each.</summary>
    public const int SourcePrefixes = 2_000_000;

    /// <summary>Nested lists and mappings; the deepest the schema knows is 9.</summary>
    public const int Depth = 64;

    /// <summary>Scalars, lists and mappings of all files together.</summary>
    public const int Nodes = 250_000;

    /// <summary>Regular expressions of all files together; a tenth of a millisecond or so to check, and some 20 KB in each reactor, for each.</summary>
    public const int Expressions = 2000;
}
