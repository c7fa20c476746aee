// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>Arguments and environment of a program as execve(2) takes them: its name first, nothing in the environment but PATH.</summary>
internal sealed class ProgramWords : IDisposable
{
    private const string SearchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Of a program.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="arguments">Its arguments, without its name.</param>
    public ProgramWords(string path, IReadOnlyList<string> arguments)
    {
        Arguments = [.. arguments.Prepend(path).Select(Marshal.StringToCoTaskMemUTF8), 0];
        Environment = [Marshal.StringToCoTaskMemUTF8(SearchPath), 0];
    }

    /// <summary>Pointers to the arguments, and a null.</summary>
    public nint[] Arguments { get; }

    /// <summary>Pointers to what is in the environment, and a null.</summary>
    public nint[] Environment { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var text in Arguments.Concat(Environment))
            Marshal.FreeCoTaskMem(text);
    }
}
