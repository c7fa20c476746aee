// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>Hands Nodes to a table.</summary>
/// <param name="table">The table.</param>
/// <param name="gate">Held while it is written.</param>
/// <param name="publish">Called when there is something to use.</param>
internal sealed class NodeView(NodeTable table, Lock gate, Action publish) : IResourceView<NodeObject>
{
    /// <inheritdoc/>
    public void Replace(IReadOnlyCollection<NodeObject> objects)
    {
        lock (gate)
        {
            table.ClearNodes();
            foreach (var node in objects)
                table.Put(node);
        }
    }

    /// <inheritdoc/>
    public void Put(NodeObject item)
    {
        lock (gate)
            table.Put(item);
    }

    /// <inheritdoc/>
    public void Remove(string name)
    {
        lock (gate)
            table.RemoveNode(name);
    }

    /// <inheritdoc/>
    public void Publish() => publish();
}
