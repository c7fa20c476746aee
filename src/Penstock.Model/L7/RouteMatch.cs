// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>Conditions, all of which must hold. At most one of the three path conditions is set.</summary>
public sealed record RouteMatch
{
    /// <summary><c>shop.example.com</c> (exact), <c>*.example.com</c> (any name below it), or null (any). Lower case, without a port.</summary>
    [Text(TextForm.HostPattern)]
    [Example("\"*.example.com\"")]
    public string? Host { get; init; }

    /// <summary>The whole path, case-sensitive, without the query.</summary>
    [Text(TextForm.UrlPath)]
    [Example("/login")]
    public string? Path { get; init; }

    /// <summary>A prefix that ends on a segment border: <c>/api</c> matches /api and /api/x, not /apix.</summary>
    [Text(TextForm.UrlPath)]
    [Example("/api")]
    public string? PathPrefix { get; init; }

    /// <summary>A regular expression over the whole path, evaluated in linear time (no backreferences, no lookaround).</summary>
    [Text(TextForm.Regex)]
    [Example("\"/item/[0-9]+\"")]
    public string? PathRegex { get; init; }

    /// <summary>Methods, upper case; empty: any.</summary>
    [Text(TextForm.Method)]
    [Example("[GET, HEAD]")]
    public ImmutableArray<string> Methods { get; init; } = [];
}
