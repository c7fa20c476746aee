// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.L7.Routing;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.Routing;

/// <summary>Short forms to write route tables in tests.</summary>
internal static class RouteTables
{
    public static RouteConfig Rule(string name, string? host = null, string? path = null, string? prefix = null, string? regex = null, params string[] methods) =>
        new() { Name = name, Match = new RouteMatch { Host = host, Path = path, PathPrefix = prefix, PathRegex = regex, Methods = [.. methods] } };

    public static RouteTable Table(params RouteConfig[] rules) => RouteTable.Compile([.. rules]);

    /// <summary>Name of the rule that a request in wire form matches; null: none.</summary>
    public static string? NameOf(this RouteTable table, string host, string path, string method = "GET") =>
        table.Match(Encoding.UTF8.GetBytes(host), Encoding.UTF8.GetBytes(path), Encoding.UTF8.GetBytes(method))?.Name;
}
