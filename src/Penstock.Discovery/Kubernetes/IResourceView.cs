// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>What a watch keeps up to date. Calls come one at a time from one watch; several watches may call at once.</summary>
internal interface IResourceView<in T>
    where T : ApiObject
{
    /// <summary>These objects there are, and no others.</summary>
    /// <exception cref="InvalidDataException">They are too many; what was before stays.</exception>
    void Replace(IReadOnlyCollection<T> objects);

    /// <summary>This object is new, or another than before.</summary>
    /// <exception cref="InvalidDataException">There are too many; what was before stays.</exception>
    void Put(T item);

    /// <summary>The object of this name is gone.</summary>
    void Remove(string name);

    /// <summary>What was said is to be used: for now there is no more.</summary>
    void Publish();
}
