// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Admission;

namespace Penstock.L7.Upstream;

/// <summary>
/// Unused connections to endpoints that have named one client connection in their PROXY header, and so carry requests of that one only (haproxy shares such connections
/// between clients of the same address and port only, which comes to the same). They end with it.
/// </summary>
internal sealed class OwnConnections(DescriptorBudget descriptors)
{
    /// <summary>Most of them; one more, and the one unused for longest is closed (haproxy: max-session-srv-conns).</summary>
    private const int Most = 5;

    private List<UpstreamConnection>? _unused;

    /// <summary>The client connection is closed.</summary>
    internal bool IsClosed { get; private set; }

    /// <summary>One to an endpoint, fit to be used again; null: there is none.</summary>
    internal UpstreamConnection? Take(EndpointPool pool)
    {
        for (var i = (_unused?.Count ?? 0) - 1; i >= 0; i--)
        {
            var connection = _unused![i]; // There is one.
            if (ReferenceEquals(connection.Pool, pool) && pool.TryTake(connection))
                return connection;
        }

        return null;
    }

    /// <summary>For the pool: a connection lies unused.</summary>
    internal void Add(UpstreamConnection connection)
    {
        (_unused ??= []).Add(connection);
        descriptors.EnterUnused();
        if (_unused.Count > Most || !descriptors.HasRoom)
            _unused[0].Pool.DropIdle(_unused[0]);
    }

    /// <summary>For the pool: a connection is in use, or closed.</summary>
    internal void Remove(UpstreamConnection connection)
    {
        if (_unused is not null && _unused.Remove(connection))
            descriptors.LeaveUnused();
    }

    /// <summary>Closes all that are unused.</summary>
    internal void Close()
    {
        IsClosed = true;
        while (_unused is [.., var last])
            last.Pool.DropIdle(last);
    }
}
