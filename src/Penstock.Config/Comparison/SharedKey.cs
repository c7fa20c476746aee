// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Comparison;

/// <summary>A key that is to be equal on all hosts that share virtual addresses.</summary>
/// <param name="Path">Where it stands, items of lists by what names them: <c>l4.services[web].backends[10.0.0.11].weight</c>.</param>
/// <param name="Value">Its value in one form, however it is written.</param>
public readonly record struct SharedKey(string Path, string Value);
