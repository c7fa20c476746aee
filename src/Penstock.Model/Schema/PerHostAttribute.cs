// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>A key whose values may differ between hosts that share virtual addresses: it names what is the host's own. Any other is to be equal on all of them.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PerHostAttribute : Attribute;
