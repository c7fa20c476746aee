// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vm.Tests.Harness;

/// <summary>Tests that share a machine, one at a time.</summary>
[CollectionDefinition(Name)]
public sealed class GuestCollection : ICollectionFixture<Guest>
{
    /// <summary>Its name.</summary>
    public const string Name = "virtual machine";
}
