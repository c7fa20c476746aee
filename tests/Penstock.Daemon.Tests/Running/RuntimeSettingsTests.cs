// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Daemon.Tests.Running;

public sealed class RuntimeSettingsTests
{
    /// <summary>Threads that look for more work on the core of a reactor take its time.</summary>
    [Fact]
    public void ThreadPool_WithoutWork_DoesNotSpin()
    {
        using var settings = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "penstock.runtimeconfig.json")));

        settings.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties")
            .GetProperty("System.Threading.ThreadPool.UnfairSemaphoreSpinLimit").GetInt32().ShouldBe(0);
    }
}
