// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>The program of this process (execve(2)).</summary>
public static unsafe partial class ProcessImage
{
    private const string Library = "libc.so.6";
    private const int BrokenPipe = 13; // SIGPIPE: the one signal that .NET ignores; ignored ones stay so over an execve
    private const int ReadWrite = 2;   // O_RDWR

    /// <summary>
    /// Has another program take this process over, with an empty standard input and no environment but PATH. Its process id, user, capabilities and network namespace stay.
    /// </summary>
    /// <param name="path">The program's file.</param>
    /// <param name="arguments">Its arguments, without its name.</param>
    /// <param name="output">Descriptor for its standard output and error.</param>
    /// <returns>Why it could not; there is no return where it could.</returns>
    public static IOException Replace(string path, IReadOnlyList<string> arguments, int output)
    {
        using var words = new ProgramWords(path, arguments);
        using var nothing = new FileDescriptor(Libc.open("/dev/null", ReadWrite));
        fixed (nint* argv = words.Arguments, envp = words.Environment)
        {
            if (dup2(nothing.Number, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
                return Failure(path);
            _ = signal(BrokenPipe, 0);
            _ = execve(path, argv, envp);
            return Failure(path);
        }
    }

    private static IOException Failure(string path) => new($"could not start {path}: {(Errno)Marshal.GetLastPInvokeError()}");

    [LibraryImport(Library, SetLastError = true)]
    private static partial int dup2(int descriptor, int target);

    [LibraryImport(Library)]
    private static partial nint signal(int number, nint handler);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int execve(string path, nint* arguments, nint* environment);
}
