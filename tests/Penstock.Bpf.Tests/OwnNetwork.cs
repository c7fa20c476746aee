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
                using (var ip = Process.Start("ip", "link set lo up"))
                    ip.WaitForExit();
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

    [LibraryImport("libc")]
    private static partial int unshare(int kinds);
}
