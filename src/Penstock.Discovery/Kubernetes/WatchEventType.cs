// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>What an event of a watch says.</summary>
internal enum WatchEventType
{
    /// <summary>The object is new, or another than before (ADDED, MODIFIED: after a pause either may come first).</summary>
    Changed,

    /// <summary>The object is gone (DELETED).</summary>
    Deleted,

    /// <summary>Nothing is new up to this version (BOOKMARK).</summary>
    Bookmark,

    /// <summary>The watch is over (ERROR).</summary>
    Error,
}
