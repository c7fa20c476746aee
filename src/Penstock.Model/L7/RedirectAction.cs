// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>A redirect; parts that are null are taken from the request.</summary>
public sealed record RedirectAction
{
    /// <summary>301, 302, 303, 307 or 308. Default 302.</summary>
    public int Status { get; init; } = 302;

    /// <summary><c>http</c> or <c>https</c>.</summary>
    public string? Scheme { get; init; }

    /// <summary>Host, and port if it is not the scheme's own.</summary>
    public string? Host { get; init; }

    /// <summary>Path and query that replace the request's own.</summary>
    public string? Path { get; init; }
}
