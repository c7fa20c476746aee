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
        foreach (var one in rates.Endpoints) endpoints.Add(one.Cluster, one.Address, one.State, one.Active, one.Connections, RatesText.Whole(one.Requests), RatesText.Whole(one.Failures), one.Reason);
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
