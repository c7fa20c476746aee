// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>A property that is not written: it holds the name under which its record stands in a mapping.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FromKeyAttribute : Attribute;
