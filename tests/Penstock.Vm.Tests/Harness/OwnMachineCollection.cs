// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vm.Tests.Harness;

/// <summary>Tests with machines of their own, one at a time and beside those of <see cref="GuestCollection"/>: each of the two keeps about one processor busy.</summary>
[CollectionDefinition(Name)]
public sealed class OwnMachineCollection
{
    /// <summary>Its name.</summary>
    public const string Name = "virtual machines of their own";
}
