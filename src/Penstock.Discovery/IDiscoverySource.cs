// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery;

/// <summary>Finds the endpoints of one cluster for as long as it lives. Disposing ends it; nothing is reported after that.</summary>
public interface IDiscoverySource : IAsyncDisposable
{
    /// <summary>Name of the cluster.</summary>
    string Cluster { get; }

    /// <summary>Begins. Called once. A static source reports before this returns; others report later, from any thread, one call at a time.</summary>
    void Start();
}
