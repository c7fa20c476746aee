// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Userspace;

/// <summary>Why a connection was reset, or a datagram dropped.</summary>
internal enum RelayDrop
{
    /// <summary>No backend is ready.</summary>
    NoBackend,

    /// <summary>No backend took the connection.</summary>
    Unreachable,

    /// <summary>This host had no port left, or no address, to connect to a backend from, and what others there are did not take it.</summary>
    NoSource,

    /// <summary>The backend went down, into maintenance or away.</summary>
    BackendDown,

    /// <summary>No descriptor was left.</summary>
    NoDescriptor,

    /// <summary>The socket towards the backend or the client had no room for a datagram.</summary>
    NoRoom,
}
