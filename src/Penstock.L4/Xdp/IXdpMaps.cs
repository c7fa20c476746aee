// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.L4.Xdp;

/// <summary>The maps of the program, one call a write that a packet may meet: what is written first is seen first.</summary>
internal interface IXdpMaps
{
    /// <summary>Lines of <c>rings</c>.</summary>
    int RingLines { get; }

    /// <summary>Entries of <c>backends</c>, the first of which is never given out.</summary>
    int Backends { get; }

    /// <summary>Services <c>service_stats</c> has room for.</summary>
    int Services { get; }

    /// <summary>Reads a backend.</summary>
    Layout.Backend ReadBackend(uint id);

    /// <summary>Writes a backend.</summary>
    void WriteBackend(uint id, in Layout.Backend value);

    /// <summary>Sets a backend's counters to zero.</summary>
    void ClearBackendStats(uint id);

    /// <summary>Sets the counters of a service to zero.</summary>
    void ClearServiceStats(uint id);

    /// <summary>Whose the counters of a service are (<see cref="PlannedService.Owner"/>), by what was written last; 0: not known.</summary>
    ulong ReadServiceOwner(uint id);

    /// <summary>Writes whose they are.</summary>
    void WriteServiceOwner(uint id, ulong owner);

    /// <summary>The slots from a line on.</summary>
    Span<uint> Ring(int firstLine, int slots);

    /// <summary>Adds an address, or changes its flags.</summary>
    void WriteVip(IPAddress address, in Layout.Vip value);

    /// <summary>Removes an address.</summary>
    void DeleteVip(IPAddress address);

    /// <summary>Adds a service of one port, or replaces it at once.</summary>
    void WriteService(in Layout.ServiceKey key, in Layout.Service value);

    /// <summary>Removes a service of one port.</summary>
    void DeleteService(in Layout.ServiceKey key);

    /// <summary>Adds a part of a range of ports, or replaces it at once.</summary>
    void WriteRange(in Layout.RangeKey key, in Layout.Service value);

    /// <summary>Removes a part of a range.</summary>
    void DeleteRange(in Layout.RangeKey key);

    /// <summary>Adds networks that are allowed or blocked, or changes which.</summary>
    void WriteSources(ReadOnlySpan<Layout.SourceKey> keys, ReadOnlySpan<Layout.SourceVerdict> verdicts);

    /// <summary>Removes networks; those that are not there are passed over.</summary>
    void DeleteSources(ReadOnlySpan<Layout.SourceKey> keys);

    /// <summary>Has a network's flows go to a backend.</summary>
    void WriteOverride(in Layout.SourceKey key, uint backend);

    /// <summary>Removes an override.</summary>
    void DeleteOverride(in Layout.SourceKey key);

    /// <summary>Has a QUIC server id name a backend.</summary>
    void WriteQuicServer(in Layout.QuicKey key, uint backend);

    /// <summary>Removes a QUIC server id.</summary>
    void DeleteQuicServer(in Layout.QuicKey key);

    /// <summary>Everything there is: for adoption.</summary>
    XdpContents Read();
}
