// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Tests.Kubernetes;

/// <summary>A request that a <see cref="FakeApiServer"/> got.</summary>
internal sealed record ApiRequest(string Path, IReadOnlyDictionary<string, string> Query, string? Authorization)
{
    public bool IsWatch => Query.ContainsKey("watch");

    /// <summary>The kind of objects it is for: <c>endpointslices</c>, <c>services</c> or <c>nodes</c>.</summary>
    public string Kind => Path[(Path.LastIndexOf('/') + 1)..];

    /// <summary>Parses the first line and the fields behind it.</summary>
    public static ApiRequest Parse(string head)
    {
        var lines = head.Split("\r\n");
        var target = lines[0].Split(' ')[1].Split('?');
        var query = (target.Length > 1 ? target[1] : "").Split('&', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => Uri.UnescapeDataString(part[1]));
        var authorization = Array.Find(lines, line => line.StartsWith("Authorization: ", StringComparison.OrdinalIgnoreCase));
        return new ApiRequest(target[0], query, authorization?["Authorization: ".Length..]);
    }
}
