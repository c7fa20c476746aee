// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary>What the daemon does a second, as one screen of text.</summary>
internal static class TopText
{
    /// <summary>Writes it.</summary>
    /// <param name="rates">The rates.</param>
    /// <param name="output">Where to.</param>
    public static void Write(StatusRates rates, TextWriter output)
    {
        output.WriteLine($"penstock on {rates.Node}: {rates.State}, generation {rates.Generation}");
        if (rates.NodeState.IsOut) output.WriteLine(DrainText.Line(rates.NodeState));
        foreach (var warning in rates.Warnings) output.WriteLine("warning: " + warning);
        output.WriteLine();
        HostText.WriteOverrides(rates.Overrides, output);
        HostText.WritePeers(rates.Peers, output);
        HostText.WriteInstances(rates.Vrrp, rates.Peers, output);
        HostText.WriteAnnouncements(rates.BgpNeighbors, rates.BgpAddresses, rates.Peers, output);
        if (rates.L4.Services.Count > 0)
        {
            RatesText.Write(rates.L4, output);
            output.WriteLine();
        }

        var listeners = new TextTable("LISTENER", "BIND", "CONNECTIONS", "REQUESTS/S");
        foreach (var listener in rates.Listeners) listeners.Add(listener.Name, listener.Bind, listener.Connections, RatesText.Whole(listener.Requests));
        listeners.Write(output);
        output.WriteLine();
        var endpoints = new TextTable("CLUSTER", "ENDPOINT", "STATE", "ACTIVE", "CONNECTIONS", "REQUESTS/S", "FAILURES/S", "REASON");
        foreach (var cluster in rates.Endpoints.GroupBy(one => one.Cluster, StringComparer.Ordinal))
        {
            EndpointRates[] all = [.. cluster];
            foreach (var endpoint in Screenful.Of(all, one => one.State))
                endpoints.Add(cluster.Key, endpoint.Address, endpoint.State, endpoint.Active, endpoint.Connections, RatesText.Whole(endpoint.Requests), RatesText.Whole(endpoint.Failures), endpoint.Reason);
            if (Screenful.Rest(all, one => one.State) is { } rest) endpoints.Add(cluster.Key, rest.Count, "", "", "", "", "", rest.Ready);
        }

        endpoints.Write(output);
    }

    /// <summary>Has a text take the place of the one before on a terminal, as far as it fits.</summary>
    /// <param name="text">The text.</param>
    /// <param name="width">Columns of the terminal.</param>
    /// <param name="height">Its lines.</param>
    public static string OnScreen(string text, int width, int height)
    {
        const string Home = "\u001b[H";
        const string EndOfLine = "\u001b[K\n";
        const string RestOfScreen = "\u001b[J";
        var lines = text.TrimEnd('\n').Split('\n').Take(Math.Max(1, height - 1)).Select(line => line.Length <= width ? line : line[..width]);
        return Home + string.Join(EndOfLine, lines) + EndOfLine + RestOfScreen;
    }
}
