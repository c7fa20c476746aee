// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vm.Tests.Harness;

/// <summary>Tests that share the machine.</summary>
[CollectionDefinition(Name)]
public sealed class GuestCollection : ICollectionFixture<Guest>
{
    /// <summary>Its name.</summary>
    public const string Name = "virtual machine";
}
