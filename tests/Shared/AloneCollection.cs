// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Tests;

/// <summary>Tests that count for the whole process and so run when no other does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone in the process";
}
