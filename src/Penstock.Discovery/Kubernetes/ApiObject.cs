// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>What every object of the API has.</summary>
/// <param name="Metadata">Its metadata.</param>
internal abstract record ApiObject(ApiMetadata Metadata)
{
    /// <summary>Its name, unique among its kind in its namespace.</summary>
    public string Name => Metadata.Name;

    /// <summary>Endpoints in it, as far as they are counted against a bound.</summary>
    public virtual int Parts => 0;
}
