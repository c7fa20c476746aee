// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux;

/// <summary>A part of the process's descriptors. Any thread may use it.</summary>
public sealed class DescriptorShare
{
    private readonly DescriptorShares _owner;
    private int _used;

    internal DescriptorShare(DescriptorShares owner) => _owner = owner;

    /// <summary>Descriptors it holds.</summary>
    public int Used => Volatile.Read(ref _used);

    /// <summary>Descriptors it may hold as things stand.</summary>
    public int Most => _owner.MostOf(this);

    /// <summary>Whether others leave it its part.</summary>
    /// <param name="active">Whether it is to be.</param>
    public void SetActive(bool active) => _owner.SetActive(this, active);

    /// <summary>Whether it may take some; threads that ask at once may exceed it by one time each.</summary>
    /// <param name="count">How many.</param>
    public bool HasRoom(int count) => Used + count <= Most;

    /// <summary>Takes some.</summary>
    public void Take(int count) => Interlocked.Add(ref _used, count);

    /// <summary>Gives some back.</summary>
    public void Give(int count) => Interlocked.Add(ref _used, -count);
}
