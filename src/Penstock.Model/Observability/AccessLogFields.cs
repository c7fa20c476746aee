// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Model.Observability;

/// <summary>Names of the access log's fields, as keys of a JSON line and in <c>%{name}</c> of a format string.</summary>
public static class AccessLogFields
{
    /// <summary>Every name, in the order of <see cref="AccessLogField"/>, which is the order in a JSON line.</summary>
    public static ImmutableArray<string> Names { get; } =
    [
        "time", "client_address", "client_port", "method", "target", "protocol", "host", "status", "reason",
        "request_bytes", "response_bytes", "duration_us", "upstream_us", "attempts", "listener", "route", "cluster",
        "endpoint", "request_id", "referer", "user_agent", "proxy_values",
    ];

    /// <summary>The name of a field.</summary>
    public static string Name(AccessLogField field) => Names[(int)field];

    /// <summary>The field of a name; case counts.</summary>
    /// <returns>False: there is no such field.</returns>
    public static bool TryParse(ReadOnlySpan<char> name, out AccessLogField field)
    {
        for (var i = 0; i < Names.Length; i++)
        {
            if (name.SequenceEqual(Names[i]))
            {
                field = (AccessLogField)i;
                return true;
            }
        }

        field = default;
        return false;
    }
}
