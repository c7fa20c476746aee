// SPDX-License-Identifier: Apache-2.0
using System.Reflection;

namespace Penstock.Config.Binding;

/// <summary>A property of a configuration record, as YAML knows it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Info">The property.</param>
/// <param name="Shape">How its value is written.</param>
/// <param name="Required">Whether it must be written.</param>
/// <param name="Default">Value when it is not written; null: none.</param>
internal sealed record RecordProperty(string Key, PropertyInfo Info, Shape Shape, bool Required, object? Default);
