// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Systemd;

namespace Penstock.Daemon.Tests.Systemd;

public sealed class RestartMarkTests : IDisposable
{
    private readonly DirectoryInfo _runtime = Directory.CreateTempSubdirectory();

    public void Dispose() => _runtime.Delete(recursive: true);

    [Fact]
    public void Take_FolderThere_IsARestart_Once()
    {
        _runtime.CreateSubdirectory("restarting");

        RestartMark.Take(_runtime.FullName + ":/run/other").ShouldBeTrue();
        RestartMark.Take(_runtime.FullName).ShouldBeFalse();
    }

    [Fact]
    public void Take_WhatCannotBeTakenAway_IsNone()
    {
        _runtime.CreateSubdirectory("restarting").CreateSubdirectory("something");

        RestartMark.Take(_runtime.FullName).ShouldBeFalse("every stop would be taken for a restart");
    }

    [Fact]
    public void Take_NoFolderOfTheUnit_IsNone() => RestartMark.Take(null).ShouldBeFalse();
}
