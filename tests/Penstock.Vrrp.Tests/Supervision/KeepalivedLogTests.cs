// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.Tests;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Tests.Supervision;

public sealed class KeepalivedLogTests
{
    private readonly KeepalivedLog _log = new("edge", NullLogger.Instance, new ManualTimeProvider());

    [Fact]
    public void Scripts_ThatItMayNotRun_AreSeen()
    {
        _log.Take("Sun Nov 22 02:35:19 2026: VRRP_Script(daemon_alive) succeeded");
        _log.RunsScripts.ShouldBeTrue();

        _log.Take("Sun Nov 22 02:35:19 2026: Couldn't setgroups: 995 (Operation not permitted)");
        _log.RunsScripts.ShouldBeFalse();

        _log.Begin();
        _log.RunsScripts.ShouldBeTrue("it is another process");
    }
}
