// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L7.Admission;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.Admission;

public sealed class ConnectionLimiterTests
{
    private static readonly ClientAddress First = Address("192.0.2.1");
    private static readonly ClientAddress Second = Address("192.0.2.2");

    [Fact]
    public void Enter_ListenerIsFull_RefusesUntilOneLeaves()
    {
        var limiter = new ConnectionLimiter(new ListenerLimits { Connections = 2 });

        limiter.Enter(First).ShouldBe(AdmissionVerdict.Admitted);
        limiter.Enter(First).ShouldBe(AdmissionVerdict.Admitted);
        limiter.Enter(Second).ShouldBe(AdmissionVerdict.ListenerFull);
        limiter.Open.ShouldBe(2);
        limiter.RefusedByListener.ShouldBe(1);
        limiter.Leave(First, AdmissionVerdict.Admitted);
        limiter.Enter(Second).ShouldBe(AdmissionVerdict.Admitted);
    }

    [Fact]
    public void Enter_ClientIsFull_RefusesItAndNoOther()
    {
        var limiter = new ConnectionLimiter(new ListenerLimits { ConnectionsPerClient = 1 });

        limiter.Enter(First).ShouldBe(AdmissionVerdict.AdmittedForClient);
        limiter.Enter(First).ShouldBe(AdmissionVerdict.ClientFull);
        limiter.Enter(Second).ShouldBe(AdmissionVerdict.AdmittedForClient);
        limiter.Open.ShouldBe(2);
        limiter.RefusedByClient.ShouldBe(1);
        limiter.Leave(First, AdmissionVerdict.AdmittedForClient);
        limiter.Enter(First).ShouldBe(AdmissionVerdict.AdmittedForClient);
    }

    [Fact]
    public void Enter_IPv6_CountsTheSixtyFour()
    {
        var limiter = new ConnectionLimiter(new ListenerLimits { ConnectionsPerClient = 1 });

        limiter.Enter(Address("2001:db8:0:1::1")).ShouldBe(AdmissionVerdict.AdmittedForClient);
        limiter.Enter(Address("2001:db8:0:1:ffff::2")).ShouldBe(AdmissionVerdict.ClientFull);
        limiter.Enter(Address("2001:db8:0:2::1")).ShouldBe(AdmissionVerdict.AdmittedForClient);
    }

    [Fact]
    public void Enter_UnixSocket_HasNoLimitOfItsOwn()
    {
        var limiter = new ConnectionLimiter(new ListenerLimits { ConnectionsPerClient = 1 });

        limiter.Enter(default).ShouldBe(AdmissionVerdict.Admitted);
        limiter.Enter(default).ShouldBe(AdmissionVerdict.Admitted);
    }

    [Fact]
    public void Limits_ClientLimitComesAndGoes_CountsStayRight()
    {
        var limiter = new ConnectionLimiter(new ListenerLimits());
        AdmissionVerdict before = limiter.Enter(First);
        limiter.Limits = new ListenerLimits { ConnectionsPerClient = 1 };
        AdmissionVerdict during = limiter.Enter(First);
        limiter.Enter(First).ShouldBe(AdmissionVerdict.ClientFull);
        limiter.Limits = new ListenerLimits();
        AdmissionVerdict after = limiter.Enter(First);

        foreach (AdmissionVerdict verdict in new[] { before, during, after })
        {
            limiter.Leave(First, verdict);
        }

        limiter.Open.ShouldBe(0);
        limiter.Clients.ShouldBe(0);
    }

    [Fact]
    public void Limits_Lowered_CutNothingAndRefuseUntilBelow()
    {
        var limiter = new ConnectionLimiter(new ListenerLimits { Connections = 3 });
        limiter.Enter(First);
        limiter.Enter(First);
        limiter.Limits = new ListenerLimits { Connections = 1 };

        limiter.Enter(Second).ShouldBe(AdmissionVerdict.ListenerFull);
        limiter.Open.ShouldBe(2);
    }

    [Fact]
    public void Enter_ManyThreads_NeverExceedsALimitAndForgetsWhoLeft()
    {
        const int ThreadCount = 4;
        const int PerClient = 3;
        const int Total = 20;
        var limiter = new ConnectionLimiter(new ListenerLimits { Connections = Total, ConnectionsPerClient = PerClient });
        var held = new int[10];
        int open = 0;
        int worst = 0;
        int worstClient = 0;
        int admitted = 0;
        Thread[] threads = [.. Enumerable.Range(0, ThreadCount).Select(seed => new Thread(() =>
        {
            var random = new Random(seed);
            var mine = new Stack<(int Client, AdmissionVerdict Verdict)>();
            for (int i = 0; i < 20_000; i++)
            {
                int client = random.Next(held.Length);
                if (mine.Count < 8 && random.Next(2) == 0 && limiter.Enter(Client(client)) is AdmissionVerdict.AdmittedForClient and var verdict)
                {
                    mine.Push((client, verdict));
                    Raise(ref worst, Interlocked.Increment(ref open));
                    Raise(ref worstClient, Interlocked.Increment(ref held[client]));
                    Interlocked.Increment(ref admitted);
                }
                else if (mine.TryPop(out (int Client, AdmissionVerdict Verdict) leaving))
                {
                    Leave(leaving);
                }
            }

            while (mine.TryPop(out (int Client, AdmissionVerdict Verdict) leaving))
            {
                Leave(leaving);
            }
        }))];

        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        admitted.ShouldBeGreaterThan(1_000);
        worst.ShouldBeInRange(1, Total);
        worstClient.ShouldBeInRange(1, PerClient);
        limiter.RefusedByClient.ShouldBeGreaterThan(0);
        limiter.Open.ShouldBe(0);
        limiter.Clients.ShouldBe(0);

        void Leave((int Client, AdmissionVerdict Verdict) leaving)
        {
            Interlocked.Decrement(ref open);
            Interlocked.Decrement(ref held[leaving.Client]);
            limiter.Leave(Client(leaving.Client), leaving.Verdict);
        }
    }

    [Fact]
    public void Enter_RefusedClients_LeaveNothingBehind()
    {
        var limiter = new ConnectionLimiter(new ListenerLimits { Connections = 1, ConnectionsPerClient = 1 });
        limiter.Enter(First);
        for (int i = 0; i < 1_000; i++)
        {
            limiter.Enter(Client(i)).ShouldBe(AdmissionVerdict.ListenerFull);
        }

        limiter.Clients.ShouldBe(1);
    }

    [Fact]
    public void EnterAndLeave_KnownClients_AllocateNothing()
    {
        var limiter = new ConnectionLimiter(new ListenerLimits { ConnectionsPerClient = 2 });

        Allocations.ShouldBeNone(() =>
        {
            AdmissionVerdict verdict = limiter.Enter(First);
            limiter.Leave(First, verdict);
            return verdict;
        }).ShouldBe(AdmissionVerdict.AdmittedForClient);
    }

    private static ClientAddress Client(int number) => ClientAddress.FromBytes([10, 0, (byte)(number >> 8), (byte)number]);

    private static ClientAddress Address(string text) => ClientAddress.FromBytes(IPAddress.Parse(text).GetAddressBytes());

    private static void Raise(ref int worst, int value)
    {
        for (int seen = Volatile.Read(ref worst); value > seen && Interlocked.CompareExchange(ref worst, value, seen) != seen; seen = Volatile.Read(ref worst))
        {
        }
    }
}
