// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>A redirect; parts that are null are taken from the request.</summary>
public sealed record RedirectAction
{
    /// <summary>301, 302, 303, 307 or 308. Default 302.</summary>
    [Allowed("301", "302", "303", "307", "308")]
    public int Status { get; init; } = 302;

    /// <summary><c>http</c> or <c>https</c>.</summary>
    [Allowed("http", "https")]
    [Example("https")]
    public string? Scheme { get; init; }

    /// <summary>Host, and port if it is not the scheme's own.</summary>
    [Text(TextForm.HostAndPort)]
    [Example("www.example.com")]
    public string? Host { get; init; }

    /// <summary>Path and query that replace the request's own.</summary>
    [Text(TextForm.UrlPathAndQuery)]
    [Example("/new")]
    public string? Path { get; init; }
}
