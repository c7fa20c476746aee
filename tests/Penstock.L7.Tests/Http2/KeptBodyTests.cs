// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Tracing;
using Penstock.Tests;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>What is kept of a request's body in case an endpoint refuses it, and for how long.</summary>
[Collection(AloneCollection.Name)]
public sealed class KeptBodyTests
{
    private const int KeptBytes = 16 << 10;

    [Theory]
    [InlineData("response")]
    [InlineData("more")]
    public async Task KeptBody_IsLetGo_OnceItCantBeWanted(string what)
    {
        using var arrays = new RentedArrays(KeptBytes);
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();
        var before = arrays.Count;

        client.Send([.. Request(1, "/a", "POST", ended: false), .. Frame(Data, 0, 1, "hello"u8.ToArray())]);
        using var origin = engine.AcceptStreams();
        origin.Next().ShouldStartWith("HEADERS 1 | :method: POST");
        origin.NextButWindows().ShouldBe("DATA 1 5");
        arrays.Count.ShouldBe(before + 1);
        if (what == "response")
        {
            origin.Send(Response(1, 200, ended: false));
            client.Until("HEADERS 1 | :status: 200");
        }
        else
        {
            client.SendFrame(Data, 0, 1, new byte[16384]);
            origin.NextButWindows().ShouldStartWith("DATA 1 ");
        }

        arrays.Count.ShouldBe(before);
    }

    /// <summary>Arrays of a size that the shared pool has lent.</summary>
    private sealed class RentedArrays(int size) : EventListener
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "System.Buffers.ArrayPoolEventSource")
                EnableEvents(eventSource, EventLevel.Verbose);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.Payload is not [_, int bytes, ..] || bytes != size)
                return;
            if (eventData.EventName == "BufferRented")
                Interlocked.Increment(ref _count);
            else if (eventData.EventName == "BufferReturned")
                Interlocked.Decrement(ref _count);
        }
    }
}
