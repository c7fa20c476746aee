// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Routing;

/// <summary>A node of a host's path tree, one level a segment. A look-up hashes each segment once and stops where the rules stop.</summary>
internal sealed class PathNode
{
    private readonly PathNode? _parent;
    private ByteKeyTable<PathNode>? _children;

    /// <summary>A node below another, or the root.</summary>
    public PathNode(PathNode? parent) => _parent = parent;

    /// <summary>Rules for exactly this path.</summary>
    public RouteList Exact { get; } = new();

    /// <summary>Rules for this path and all below it.</summary>
    public RouteList Prefix { get; } = new();

    /// <summary>The node of a path below this one, made if it is not there.</summary>
    /// <param name="path">Empty, or a slash and what follows.</param>
    public PathNode Add(ReadOnlySpan<byte> path)
    {
        PathNode node = this;
        while (TryNextSegment(ref path, out ReadOnlySpan<byte> segment))
        {
            node._children ??= new ByteKeyTable<PathNode>();
            if (!node._children.TryGet(segment, out PathNode? child))
            {
                child = new PathNode(node);
                node._children.Add(segment.ToArray(), child);
            }

            node = child;
        }

        return node;
    }

    /// <summary>The deepest node on the way of a path.</summary>
    /// <param name="path">The path.</param>
    /// <param name="whole">Whether the node stands for the whole of it.</param>
    public PathNode Find(ReadOnlySpan<byte> path, out bool whole)
    {
        PathNode node = this;
        while (TryNextSegment(ref path, out ReadOnlySpan<byte> segment))
        {
            if (node._children is null || !node._children.TryGet(segment, out PathNode? child))
            {
                whole = false;
                return node;
            }

            node = child;
        }

        whole = true;
        return node;
    }

    /// <summary>The rule of the longest prefix at or above this node that allows a method.</summary>
    public Route? LongestPrefix(ReadOnlySpan<byte> method)
    {
        for (PathNode? node = this; node is not null; node = node._parent)
        {
            if (node.Prefix.First(method) is { } route)
            {
                return route;
            }
        }

        return null;
    }

    private static bool TryNextSegment(ref ReadOnlySpan<byte> path, out ReadOnlySpan<byte> segment)
    {
        if (path.IsEmpty)
        {
            segment = default;
            return false;
        }

        path = path[1..];
        int end = path.IndexOf((byte)'/');
        segment = end < 0 ? path : path[..end];
        path = path[segment.Length..];
        return true;
    }
}
