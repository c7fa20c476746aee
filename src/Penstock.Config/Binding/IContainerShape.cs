// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Binding;

/// <summary>A shape made of others of one kind: a list or a mapping from names.</summary>
internal interface IContainerShape
{
    /// <summary>The shape of each.</summary>
    Shape Item { get; }

    /// <summary>How a path goes on to one of them.</summary>
    string PathSuffix { get; }
}
