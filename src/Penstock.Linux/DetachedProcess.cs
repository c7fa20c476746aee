// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>Starts programs that go on when this process ends, in the network namespace of the thread that starts them (posix_spawn(3), glibc 2.26).</summary>
public static unsafe partial class DetachedProcess
{
    private const string Library = "libc.so.6";
    private const int ActionsBytes = 80, AttributesBytes = 336;                        // posix_spawn_file_actions_t, posix_spawnattr_t of 64-bit glibc
    private const int SignalSetBytes = 128;                                            // sigset_t
    private const short OwnSession = 0x80, DefaultSignals = 0x04, SignalMask = 0x08;   // POSIX_SPAWN_SETSID, _SETSIGDEF, _SETSIGMASK

    /// <summary>Starts a program in a session of its own, with signals as they are by default, an empty standard input and no environment but PATH.</summary>
    /// <param name="path">The program's file.</param>
    /// <param name="arguments">Its arguments, without its name.</param>
    /// <param name="output">Descriptor for its standard output and error.</param>
    /// <returns>Its process id: a child, to be waited for (<see cref="ProcessHandle.WaitForEnd"/>) while this process runs.</returns>
    /// <exception cref="IOException">It could not be started.</exception>
    public static int Start(string path, IReadOnlyList<string> arguments, int output)
    {
        Span<byte> actions = stackalloc byte[ActionsBytes], attributes = stackalloc byte[AttributesBytes];
        Span<byte> signals = stackalloc byte[SignalSetBytes];
        signals.Clear();
        using var words = new ProgramWords(path, arguments);
        fixed (byte* action = actions, attribute = attributes, set = signals)
        fixed (nint* argv = words.Arguments, envp = words.Environment)
        {
            try
            {
                Require(posix_spawn_file_actions_init(action), path);
                Require(posix_spawnattr_init(attribute), path);
                Require(posix_spawn_file_actions_addopen(action, 0, "/dev/null", 0, 0), path);
                Require(posix_spawn_file_actions_adddup2(action, output, 1), path);
                Require(posix_spawn_file_actions_adddup2(action, output, 2), path);
                Require(posix_spawnattr_setsigmask(attribute, set), path);
                _ = sigfillset(set);
                Require(posix_spawnattr_setsigdefault(attribute, set), path);
                Require(posix_spawnattr_setflags(attribute, OwnSession | DefaultSignals | SignalMask), path);
                int pid;
                Require(posix_spawn(&pid, path, action, attribute, argv, envp), path);
                return pid;
            }
            finally
            {
                _ = posix_spawn_file_actions_destroy(action);
                _ = posix_spawnattr_destroy(attribute);
            }
        }
    }

    // These return an errno.
    private static void Require(int error, string path)
    {
        if (error != 0)
            throw new IOException($"could not start {path}: {(Errno)error}");
    }

    [LibraryImport(Library)]
    private static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport(Library)]
    private static partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addopen(byte* actions, int fd, string path, int flags, uint mode);

    [LibraryImport(Library)]
    private static partial int posix_spawn_file_actions_adddup2(byte* actions, int fd, int target);

    [LibraryImport(Library)]
    private static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport(Library)]
    private static partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport(Library)]
    private static partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport(Library)]
    private static partial int posix_spawnattr_setsigmask(byte* attributes, byte* signals);

    [LibraryImport(Library)]
    private static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);

    [LibraryImport(Library)]
    private static partial int sigfillset(byte* signals);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn(int* pid, string path, byte* actions, byte* attributes, nint* arguments, nint* environment);
}
