// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>Hands the Service to a table.</summary>
/// <param name="table">The table.</param>
/// <param name="service">Name of the Service; what a server says of others is not for it.</param>
/// <param name="gate">Held while it is written.</param>
/// <param name="publish">Called when there is something to use.</param>
internal sealed class ServiceView(NodeTable table, string service, Lock gate, Action publish) : IResourceView<ServiceObject>
{
    /// <inheritdoc/>
    public void Replace(IReadOnlyCollection<ServiceObject> objects)
    {
        lock (gate)
            table.Take(objects.FirstOrDefault(one => string.Equals(one.Name, service, StringComparison.Ordinal)));
    }

    /// <inheritdoc/>
    public void Put(ServiceObject item)
    {
        if (!string.Equals(item.Name, service, StringComparison.Ordinal))
            return;
        lock (gate)
            table.Take(item);
    }

    /// <inheritdoc/>
    public void Remove(string name)
    {
        if (!string.Equals(name, service, StringComparison.Ordinal))
            return;
        lock (gate)
            table.Take(service: null);
    }

    /// <inheritdoc/>
    public void Publish() => publish();
}
