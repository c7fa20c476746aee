// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Penstock.Bpf.Tests;

/// <summary>A network namespace of a test's own: programs run there see its sockets and settings.</summary>
internal static partial class OwnNetwork
{
    private const int NetworkNamespace = 0x40000000; // CLONE_NEWNET

    /// <summary>Does something on a thread in a new one, where the loopback interface is up. It goes with the last socket that was opened there.</summary>
    /// <param name="cookies">net.ipv4.tcp_syncookies.</param>
    /// <param name="work">What is done; not beyond an await, which would leave the thread.</param>
    public static void Run(int cookies, Action work)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                unshare(NetworkNamespace).ShouldBe(0);
                Ip("link set lo up");
                File.WriteAllText("/proc/sys/net/ipv4/tcp_syncookies", $"{cookies}");
                work();
            }
            catch (Exception error) // the thread's: rethrown below
            {
                failure = error;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Runs <c>ip</c> in it.</summary>
    /// <param name="arguments">What ip is to do.</param>
    public static void Ip(string arguments)
    {
        using var ip = Process.Start("ip", arguments);
        ip.WaitForExit();
        ip.ExitCode.ShouldBe(0, arguments);
    }

    [LibraryImport("libc")]
    private static partial int unshare(int kinds);
}
