// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Perf.L4;

/// <summary>What a plot says.</summary>
/// <param name="Title">Above it.</param>
/// <param name="Under">Beneath the title.</param>
/// <param name="Ours">The upper bars.</param>
/// <param name="Other">The lower ones.</param>
/// <param name="Goal">The strokes.</param>
internal sealed record PlotText(string Title, string Under, string Ours, string Other, string Goal);
