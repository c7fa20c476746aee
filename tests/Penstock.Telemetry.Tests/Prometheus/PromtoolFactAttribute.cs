// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Telemetry.Tests.Prometheus;

/// <summary>A test that needs promtool; skipped, with the reason, where it is not installed.</summary>
internal sealed class PromtoolFactAttribute : FactAttribute
{
    private const string Missing = "promtool is not installed (Debian package prometheus)";

    public PromtoolFactAttribute() => Skip = Promtool.IsInstalled ? null : Missing;
}
