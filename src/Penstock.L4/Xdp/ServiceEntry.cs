// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>A service as the maps have it.</summary>
/// <param name="listen">What it listens on.</param>
/// <param name="id">Its id.</param>
internal sealed class ServiceEntry(ServiceAddress listen, uint id)
{
    /// <summary>What it listens on, or is about to.</summary>
    public ServiceAddress Listen { get; set; } = listen;

    /// <summary>Its name; null: not known.</summary>
    public string? Name { get; set; }

    /// <summary>Whose counters it has (<see cref="PlannedService.Owner"/>); 0: not known.</summary>
    public ulong Owner { get; set; }

    /// <summary>Whether they are of the program of a version before, and begin at zero once a plan is in place.</summary>
    public bool CountsAnew { get; set; }

    /// <summary>Whose they are to be, with another beginning at zero, once the plan that says so is in place.</summary>
    public ulong Heir { get; set; }

    /// <summary>Keys it has in the maps.</summary>
    public HashSet<PortKey> Ports { get; } = [];

    /// <summary>Whether it has keys besides those of what it listens on.</summary>
    public bool HasPortsBesides { get; set; }

    /// <summary>Its id.</summary>
    public uint Id { get; } = id;

    /// <summary>Its entry; null: none is written, or its keys have different ones.</summary>
    public Layout.Service? Written { get; set; }

    /// <summary>Its ring.</summary>
    public ServiceRing Ring { get; } = new();

    /// <summary>The one that is asked for flows that no table knows.</summary>
    public ServiceRing Second { get; } = new();

    /// <summary>Ids of its backends.</summary>
    public Dictionary<BackendKey, uint> Backends { get; } = [];

    /// <summary>The plan it was last brought to; null: not known, or not all of it is there.</summary>
    public PlannedService? Plan { get; set; }

    /// <summary>Networks written for it, sorted.</summary>
    public ImmutableArray<SourceRule> Sources { get; set; } = [];

    /// <summary>Networks that are to come in place of those, while some of them may be written and some of those removed; null: none are.</summary>
    public ImmutableArray<SourceRule>? UnsureSources { get; set; }

    /// <summary>Overrides written for it.</summary>
    public Dictionary<Layout.SourceKey, uint> Overrides { get; } = [];

    /// <summary>QUIC server ids written for it.</summary>
    public Dictionary<Layout.QuicKey, uint> QuicServers { get; } = [];
}
