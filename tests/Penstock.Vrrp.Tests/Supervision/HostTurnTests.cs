// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Net.Sockets;
using Penstock.Linux;
using Penstock.Tests;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Tests.Supervision;

public sealed class HostTurnTests : IDisposable
{
    private const uint Somebody = 4711, SomebodyElse = 4712, ServiceUser = 105;

    private readonly string _name = $"penstock-test/{Guid.NewGuid():N}";
    private readonly string _run = Directory.CreateTempSubdirectory("penstock-turn-").FullName;
    private readonly RecordingLogger<HostTurnTests> _log = new();

    public void Dispose() => Directory.Delete(_run, recursive: true);

    [Fact]
    public void Take_WhatAnotherProcessOfTheSameUserHas_IsRefused()
    {
        using var first = HostTurn.Take(_name, "sings", _run, _log);
        first.ShouldNotBeNull();

        Should.Throw<AddressApplyException>(() => HostTurn.Take(_name, "sings", _run, _log)).Message.ShouldBe($"process {Environment.ProcessId} sings on this host already: stop it, or have it do without");
    }

    [Fact]
    public void Take_WhatAProcessHasThatDoesNotSayWhich_IsNoReasonToDoWithout()
    {
        using var squatter = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        squatter.Bind(new UnixDomainSocketEndPoint("\0" + _name));

        HostTurn.Take(_name, "sings", _run, _log).ShouldBeNull();

        _log.Messages.ShouldHaveSingleItem().Text.ShouldBe($"a process that does not say which it is has the name @{_name}: whether another penstock sings on this host is not known");
    }

    [Fact]
    public void Holder_OfRootOrTheSameUser_IsAnotherPenstock_AndNoOtherUsers()
    {
        HostTurn.IsPenstocks((1, 0), Somebody, _run).ShouldBeTrue();
        HostTurn.IsPenstocks((1, Somebody), Somebody, _run).ShouldBeTrue();
        HostTurn.IsPenstocks((0, Somebody), Somebody, _run).ShouldBeTrue("in another PID namespace");
        HostTurn.IsPenstocks((Environment.ProcessId, SomebodyElse), Somebody, _run).ShouldBeFalse("whatever it runs");
    }

    /// <summary>The packaged daemon has a user of its own, and root may start another beside it.</summary>
    [Fact]
    public void Holder_ThatRunsThisProgram_OrHasTheRunFolder_IsAnotherPenstockToRootsDaemon()
    {
        HostTurn.IsPenstocks((Environment.ProcessId, ServiceUser), 0, _run).ShouldBeTrue("it runs this program");
        HostTurn.IsPenstocks((Environment.ProcessId, SomebodyElse), 0, _run).ShouldBeFalse("anybody may run it, as something else");
        using var other = Process.Start("sleep", "600");
        try
        {
            HostTurn.IsPenstocks((other.Id, ServiceUser), 0, _run).ShouldBeFalse();
            HostTurn.IsPenstocks((0, ServiceUser), 0, _run).ShouldBeFalse();
            if (ProcessRights.User == 0)
            {
                using var chown = Process.Start("chown", [$"{SomebodyElse}", _run]);
                chown.WaitForExit();
            }

            HostTurn.IsPenstocks((other.Id, FileKind.Owner(_run)!.Value), 0, _run).ShouldBeTrue("the run folder is its own");
        }
        finally
        {
            other.Kill();
            other.WaitForExit();
        }
    }
}
