// SPDX-License-Identifier: Apache-2.0
using Penstock.Tests;

namespace Penstock.Peers.Tests.Harness;

/// <summary>A configuration with one listener and one cluster, for tests to vary.</summary>
internal sealed record ProxyConfig
{
    /// <summary>Addresses of the cluster's endpoints.</summary>
    public required IReadOnlyList<string> Endpoints { get; init; }

    /// <summary>Port of the listener.</summary>
    public int Port { get; init; } = FreePort.Next();

    /// <summary>What the listener binds to; null: 127.0.0.1 and <see cref="Port"/>.</summary>
    public string? Bind { get; init; }

    /// <summary>Port of the metrics listener.</summary>
    public int MetricsPort { get; init; } = FreePort.Next();

    /// <summary>Number of reactors.</summary>
    public int Reactors { get; init; } = 2;

    /// <summary>Further keys of the listener, one line of YAML each.</summary>
    public string[] Listener { get; init; } = [];

    /// <summary>Further keys of the cluster, one line of YAML each.</summary>
    public string[] Cluster { get; init; } = [];

    /// <summary>Further keys of l7, one line of YAML each.</summary>
    public string[] L7 { get; init; } = [];

    /// <summary>Further listeners, one line of YAML each.</summary>
    public string[] Listeners { get; init; } = [];

    /// <summary>Further sections, one line of YAML each.</summary>
    public string[] Sections { get; init; } = [];

    /// <summary>Name of the host.</summary>
    public string Node { get; init; } = "test";

    /// <summary>Folder of what outlives the daemon; null: one that goes with it.</summary>
    public string? State { get; init; }

    /// <summary>Items of the route table, one line of YAML each; the default sends everything to cluster <c>main</c>.</summary>
    public string[] Routes { get; init; } = ["- to: [{cluster: main}]"];

    /// <summary>Further route tables, one line of YAML each.</summary>
    public string[] MoreRoutes { get; init; } = [];

    /// <summary>Further clusters: name and endpoint.</summary>
    public IReadOnlyList<(string Name, string Endpoint)> Clusters { get; init; } = [];

    /// <summary>Weights of <see cref="Endpoints"/>, in their order; empty: the default.</summary>
    public IReadOnlyList<int> Weights { get; init; } = [];

    /// <summary>With one endpoint that is this origin.</summary>
    public static ProxyConfig For(RawOrigin origin) => new() { Endpoints = [origin.Endpoint] };

    /// <summary>The configuration's text.</summary>
    /// <param name="directory">Directory of the admin socket.</param>
    public string ToYaml(string directory) => $"""
        node: {Node}
        state: {State ?? directory + "/lib"}
        shutdown_timeout: 5s
        admin:
          socket: {directory}/admin.sock
        metrics:
          bind: "127.0.0.1:{MetricsPort}"
        {Lines(0, Sections)}
        l7:
          reactors: {Reactors}
        {Lines(2, L7)}
          listeners:
            - name: front
              bind: "{Bind ?? $"127.0.0.1:{Port}"}"
        {Lines(6, IsTcp ? Listener : ["routes: table", .. Listener])}
        {Lines(4, Listeners)}
          routes:
            table:
        {Lines(6, Routes)}
        {Lines(4, MoreRoutes)}
          clusters:
            main:
              endpoints: [{string.Join(", ", Endpoints.Select(Endpoint))}]
        {Lines(6, Cluster)}
        {Lines(4, [.. Clusters.Select(cluster => $"{cluster.Name}: {{endpoints: [{{address: \"{cluster.Endpoint}\"}}]}}")])}
        """ + "\n";

    private bool IsTcp => Listener.Contains("mode: tcp");

    private string Endpoint(string address, int index) =>
        Weights.Count == 0 ? $"{{address: \"{address}\"}}" : $"{{address: \"{address}\", weight: {Weights[index]}}}";

    private static string Lines(int indent, string[] lines) =>
        string.Join('\n', lines.Select(line => new string(' ', indent) + line));
}
