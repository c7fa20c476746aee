// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>
/// Which threads use the rights of this process. They are each thread's own, and a thread begins with those of the one that starts it (capabilities(7)). A thread that reads what strangers send gives its own up.
/// It may be the one that starts a thread of the runtime's pool: that one takes them back before it goes on with work of <see cref="Control"/>. So they are taken out of force, and stay permitted.
/// </summary>
public static unsafe class ThreadRights
{
    private const uint Version3 = 0x20080522; // _LINUX_CAPABILITY_VERSION_3, of 64 rights in two words

    private static readonly AsyncLocal<bool> s_controls = new(OnFlow);
    private static Capabilities s_rights;
    private static volatile bool s_isRefused;

    [ThreadStatic]
    private static bool t_isSettled;

    /// <summary>What a thread that gives its rights up keeps: the way to endpoints on Unix sockets, which a daemon of root has to those of every user.</summary>
    public const Capabilities Kept = Capabilities.DacOverride;

    /// <summary>Whether the kernel has refused it to a thread, by a filter of system calls that takes capset(2) away: that thread has kept its rights.</summary>
    public static bool IsRefused => s_isRefused;

    /// <summary>From here on, whatever the caller starts or awaits has the rights that this thread has now, on whichever thread it goes on; but not on one that has given them up.</summary>
    public static void Control()
    {
        if (Read() is { } own)
            s_rights = own.Effective;
        t_isSettled = true;
        s_controls.Value = true;
    }

    /// <summary>Takes the rights of the calling thread, but <see cref="Kept"/>, out of force until it ends.</summary>
    public static void GiveUp()
    {
        t_isSettled = true;
        if (Read() is { } own && !Write(own with { Effective = own.Effective & Kept }))
            s_isRefused = true;
    }

    /// <summary>Rights of the calling thread that are in force; null: the kernel does not say.</summary>
    internal static Capabilities? InForce() => Read()?.Effective;

    private static void OnFlow(AsyncLocalValueChangedArgs<bool> change)
    {
        if (!change.CurrentValue || t_isSettled)
            return;
        t_isSettled = true;
        if (Read() is { } own && own.Effective != s_rights)
            _ = Write(own with { Effective = s_rights & own.Permitted }); // Where it fails, whatever needs a right says so.
    }

    private static Sets? Read()
    {
        var header = new Header { Version = Version3 };
        var words = stackalloc Words[2];
        return Libc.capget(&header, words) == 0
            ? new Sets(Join(words[0].Effective, words[1].Effective), Join(words[0].Permitted, words[1].Permitted), Join(words[0].Inheritable, words[1].Inheritable))
            : null;
    }

    private static bool Write(Sets sets)
    {
        var header = new Header { Version = Version3 };
        var words = stackalloc Words[2];
        for (var i = 0; i < 2; i++)
            words[i] = new Words { Effective = Word(sets.Effective, i), Permitted = Word(sets.Permitted, i), Inheritable = Word(sets.Inheritable, i) };
        return Libc.capset(&header, words) == 0;
    }

    private static Capabilities Join(uint low, uint high) => (Capabilities)(((ulong)high << 32) | low);

    private static uint Word(Capabilities set, int index) => (uint)((ulong)set >> (32 * index));

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Sets(Capabilities Effective, Capabilities Permitted, Capabilities Inheritable);

    /// <summary>struct __user_cap_header_struct (linux/capability.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Header
    {
        internal uint Version;
        internal int Thread; // 0: the calling one
    }

    /// <summary>struct __user_cap_data_struct: 32 rights of each set.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Words
    {
        internal uint Effective;
        internal uint Permitted;
        internal uint Inheritable;
    }
}
