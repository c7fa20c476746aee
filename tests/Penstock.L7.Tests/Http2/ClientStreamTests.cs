// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Http1;
using Penstock.L7.Http2;
using Penstock.L7.Upstream;

namespace Penstock.L7.Tests.Http2;

/// <summary>Streams to an endpoint, as a request has them.</summary>
public sealed class ClientStreamTests
{
    /// <summary>What a defect has left running may still have the stream: it must not come upon another request.</summary>
    [Fact]
    public async Task Abort_BreaksTheStream_WhichCarriesNoOtherRequest()
    {
        await using var endpoint = new EndpointReactor();
        await endpoint.RunAsync(() =>
        {
            var stream = endpoint.Take();
            var wait = stream.WaitOpenAsync(endpoint.Worker.Reactor.Now + 60_000).AsTask();

            ((IEndpointStream)stream).Abort();

            wait.IsCompleted.ShouldBeTrue();
            stream.IsBroken.ShouldBeTrue();
            endpoint.Take().ShouldNotBeSameAs(stream);
        });
    }

    /// <summary>Heads are outside flow control.</summary>
    [Fact]
    public async Task InterimHeads_ThatWait_AreBoundedByTheirBytes()
    {
        await using var endpoint = new EndpointReactor();
        await endpoint.RunAsync(() =>
        {
            var stream = endpoint.Take();

            var taken = 0;
            while (stream.TryTakeHead(Interim(stream, bytes: 30_000), ended: false))
                taken++;

            taken.ShouldBe(2); // Of 64 KiB.
        });
    }

    /// <summary>Which may be before that of its connection, which others have begun.</summary>
    [Fact]
    public async Task WaitForAPlace_EndsAtItsOwnDeadline()
    {
        await using var endpoint = new EndpointReactor();
        await endpoint.RunAsync(async () =>
        {
            var stream = endpoint.Take(connectMilliseconds: 600_000);

            await stream.WaitOpenAsync(endpoint.Worker.Reactor.Now + 100);

            stream.IsAdmitted.ShouldBeFalse();
            stream.IsTooLate.ShouldBeTrue();
        });
    }

    private static ResponseHead Interim(Http2ClientStream stream, int bytes)
    {
        var limits = new HeadLimits(65536, 65536, 100);
        var head = stream.NextHead();
        head.Take(":status"u8, "103"u8, limits).ShouldBe(RejectReason.None);
        head.Take("link"u8, Enumerable.Repeat((byte)'a', bytes).ToArray(), limits).ShouldBe(RejectReason.None);
        head.End(ended: false, RejectReason.None, HttpMethodKind.Get);
        return head;
    }
}
