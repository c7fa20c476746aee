// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Config.Binding;
using Penstock.ControlPlane.Overrides;
using Penstock.Daemon.Admin;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.Daemon.Running;

/// <summary>Something that runs and that an operator can take out.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Name of the service or cluster.</param>
/// <param name="Address">The backend or endpoint; null: all of them.</param>
/// <param name="Configured">The state that the configuration says; null: it says none.</param>
internal sealed record OverrideTarget(OverrideKind Kind, string Name, string? Address, BackendState? Configured)
{
    /// <summary>The parts of <c>web/10.0.0.11</c>; a service or cluster is a name alone.</summary>
    /// <returns>An empty address: there is none where there should be.</returns>
    public static (string Name, string? Address) Split(OverrideKind kind, string text)
    {
        if (kind is OverrideKind.Service or OverrideKind.Cluster)
            return (text, null);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (text, "") : (text[..slash], text[(slash + 1)..]);
    }

    /// <summary>Finds what somebody means.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="text">Its name. A backend or endpoint may be named by its address alone where no other has that address, or with the port that it is reached at.</param>
    /// <param name="running">What runs.</param>
    /// <param name="trouble">Why it is not found, with the nearest name; empty where it is.</param>
    public static OverrideTarget? Find(OverrideKind kind, string text, Snapshot running, out string trouble)
    {
        var (name, address) = Split(kind, text);
        var owner = kind is OverrideKind.Service or OverrideKind.Backend ? "service" : "cluster";
        var owners = Owners(kind, running);
        trouble = address is "" ? $"--{OverrideQuestion.Word(kind)} takes {owner.ToUpperInvariant()}/ADDRESS, not '{text}'" : "";
        if (address is "")
            return null;
        if (!owners.Contains(name, StringComparer.Ordinal))
        {
            trouble = owners.Length == 0 ? $"there is no {owner}" : $"no {owner} is called '{name}'{Meant(Nearest.Find(name, owners))}";
            return null;
        }

        if (address is null)
            return new OverrideTarget(kind, name, Address: null, Configured: null);
        var members = Members(kind, name, running);
        var named = members.Where(member => member.IsCalled(address)).ToArray();
        if (named.Length != 1)
            named = [.. members.Where(member => member.IsAt(address))];
        if (named.Length == 1)
            return new OverrideTarget(kind, name, named[0].Text, named[0].Configured);
        trouble = named.Length > 1
            ? $"{owner} {name} has several {OverrideQuestion.Word(kind)}s at {address}: {string.Join(", ", named.Select(member => member.Text))}"
            : $"{owner} {name} has no {OverrideQuestion.Word(kind)} {address}{Meant(Nearest.Find(address, members.Select(member => member.Text)))}";
        return null;
    }

    /// <summary>The override's target as it runs; null: there is none.</summary>
    public static OverrideTarget? Of(StateOverride one, Snapshot running)
    {
        if (!Owners(one.Kind, running).Contains(one.Name, StringComparer.Ordinal))
            return null;
        if (one.Address is null)
            return new OverrideTarget(one.Kind, one.Name, Address: null, Configured: null);
        return Members(one.Kind, one.Name, running).Where(member => string.Equals(member.Text, one.Address, StringComparison.Ordinal))
            .Select(member => new OverrideTarget(one.Kind, one.Name, member.Text, member.Configured)).FirstOrDefault();
    }

    private static string Meant(string? nearest) => nearest is null ? "" : $": did you mean '{nearest}'?";

    private static string[] Owners(OverrideKind kind, Snapshot running) => kind is OverrideKind.Service or OverrideKind.Backend
        ? [.. running.Config.L4.Services.Select(service => service.Name)]
        : [.. running.Config.L7.Clusters.Keys];

    private static Member[] Members(OverrideKind kind, string name, Snapshot running)
    {
        if (kind == OverrideKind.Endpoint)
            return [.. running.Endpoints.GetValueOrDefault(name)?.Endpoints.Select(endpoint => new Member(endpoint.Address.ToString(), endpoint.Address.ToString(), endpoint.Address.Address?.ToString() ?? "", BackendState.Ready)) ?? []];
        var service = running.Config.L4.Services.First(service => string.Equals(service.Name, name, StringComparison.Ordinal));
        IEnumerable<BackendConfig> backends = service.Discovery is null ? service.Backends : running.Services.GetValueOrDefault(name, []).Select(status => status.Config with { State = BackendState.Ready });
        return [.. backends.Select(backend => new Member(OverrideSet.Text(backend), new IPEndPoint(backend.Address, backend.Port ?? service.Listen.FirstPort).ToString(), backend.Address.ToString(), backend.State))];
    }

    /// <summary>A backend or an endpoint.</summary>
    /// <param name="Text">As overrides name it.</param>
    /// <param name="Reached">Its address and the port that it is reached at.</param>
    /// <param name="Host">Its address alone; empty: it has none.</param>
    /// <param name="Configured">The state that the configuration says.</param>
    private sealed record Member(string Text, string Reached, string Host, BackendState Configured)
    {
        /// <summary>Whether somebody who writes this means it and no other.</summary>
        public bool IsCalled(string address)
        {
            var plain = IPEndPoint.TryParse(address, out var socket) && socket.Port != 0 ? socket.ToString() : IPAddress.TryParse(address, out var host) ? host.ToString() : address;
            return string.Equals(plain, Text, StringComparison.Ordinal) || string.Equals(plain, Reached, StringComparison.Ordinal);
        }

        /// <summary>Whether it has this address, whatever its port.</summary>
        public bool IsAt(string address) => !address.StartsWith('[') && IPAddress.TryParse(address, out var host) && string.Equals(host.ToString(), Host, StringComparison.Ordinal);
    }
}
