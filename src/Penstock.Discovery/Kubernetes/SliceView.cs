// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>Hands EndpointSlices to a table.</summary>
/// <param name="table">The table.</param>
/// <param name="most">Endpoints there may be.</param>
/// <param name="gate">Held while it is written.</param>
/// <param name="publish">Called when there is something to use.</param>
internal sealed class SliceView(IEndpointTable table, int most, Lock gate, Action publish) : IResourceView<SliceObject>
{
    /// <inheritdoc/>
    public void Replace(IReadOnlyCollection<SliceObject> objects)
    {
        if (objects.Sum(slice => slice.Endpoints.Count) > most)
            throw new InvalidDataException($"more than {most} endpoints");
        lock (gate)
        {
            table.Clear();
            foreach (var slice in objects)
                table.Put(slice);
        }
    }

    /// <inheritdoc/>
    public void Put(SliceObject item)
    {
        lock (gate)
            table.Put(item);
    }

    /// <inheritdoc/>
    public void Remove(string name)
    {
        lock (gate)
            table.Remove(name);
    }

    /// <inheritdoc/>
    public void Publish() => publish();
}
