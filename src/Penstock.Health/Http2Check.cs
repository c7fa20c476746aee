// SPDX-License-Identifier: Apache-2.0
using Penstock.Http2.Hpack;
using Penstock.Model;

namespace Penstock.Health;

/// <summary>Passes when a GET over a fresh HTTP/2 connection is answered with a status in the expected range. Reads no further than the head.</summary>
internal sealed class Http2Check(HealthTarget target, CheckTls? tls = null) : IHealthCheck
{
    public async Task<string?> RunAsync(SocketEndpoint endpoint, CancellationToken cancel)
    {
        var fields = Http2Exchange.Fields(target, endpoint, "GET"u8, target.Check.Path);
        fields.Add("accept"u8, "*/*"u8, HpackIndexing.None);
        var answer = new Http2Answer(isHeadEnough: true);
        if (await Http2Exchange.RunAsync(target, tls, endpoint, fields, content: [], answer, cancel) is { } failure)
            return failure;
        return target.Check.Expect.Contains(answer.Status) ? null : $"status {answer.Status}, expected {target.Check.Expect}";
    }
}
