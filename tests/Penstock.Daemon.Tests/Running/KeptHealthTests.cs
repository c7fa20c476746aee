// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Daemon.Running;
using Penstock.Health;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Tests;

namespace Penstock.Daemon.Tests.Running;

/// <summary>What health checks have found down goes to the next process by a descriptor that a service manager keeps.</summary>
public sealed class KeptHealthTests : IDisposable
{
    private static readonly DownEndpoint[] s_down =
    [
        new("web", SocketEndpoint.Ip(IPAddress.Parse("192.0.2.1"), 80)),
        new("l4:dns", SocketEndpoint.Ip(IPAddress.Parse("2001:db8::1"), 53)),
        new("local", SocketEndpoint.Unix("/run/a b/x.sock")),
    ];

    private readonly RecordingLogger<KeptHealth> _log = new();
    private readonly List<int> _kept = [];
    private readonly KeptHealth _first;

    public KeptHealthTests() => _first = new KeptHealth(inherited: null, Keep, _log);

    public void Dispose()
    {
        _first.Dispose();
        foreach (var number in _kept)
            new FileDescriptor(number).Dispose();
    }

    [Fact]
    public void WhatIsDown_IsKnownToTheNextProcess_AndTheOneAfterThat()
    {
        _first.Before.ShouldBeEmpty();
        _first.Write([]);
        _kept.ShouldBeEmpty("nothing to keep yet");
        _first.Write(s_down);
        _first.Write(s_down[..2]);
        var kept = _kept.ShouldHaveSingleItem("the service manager has it from then on");

        using (var second = Next(kept))
        {
            second.Before.ShouldBe(s_down[..2]);
            second.Write(s_down);
        }

        using (var third = Next(kept))
        {
            third.Before.ShouldBe(s_down);
            third.Write([]);
        }

        using var fourth = Next(kept);
        fourth.Before.ShouldBeEmpty();
        _kept.Count.ShouldBe(1);
        _log.Messages.ShouldBeEmpty();
    }

    [Fact]
    public void WhatWasNotWrittenToItsEnd_IsNotBelieved_AndSaid()
    {
        _first.Write(s_down);
        using (var raw = new FileStream($"/proc/self/fd/{_kept[0]}", FileMode.Open, FileAccess.ReadWrite))
            raw.SetLength(raw.Length - 1);

        using var second = Next(_kept[0]);

        second.Before.ShouldBeEmpty();
        _log.Messages.ShouldHaveSingleItem().Text.ShouldContain("not written to its end");
        second.Write(s_down);
        using var third = Next(_kept[0]);
        third.Before.ShouldBe(s_down);
    }

    [Fact]
    public void WhatWasNotWrittenToItsEnd_IsSaidOnce()
    {
        _first.Write(s_down);
        using (var raw = new FileStream($"/proc/self/fd/{_kept[0]}", FileMode.Open, FileAccess.ReadWrite))
            raw.SetLength(0);

        Next(_kept[0]).Dispose();
        using var third = Next(_kept[0]);

        third.Before.ShouldBeEmpty();
        _log.Messages.Count.ShouldBe(1);
    }

    [Fact]
    public void WhereTheFirstIsTooMuch_TheNextIsKept()
    {
        _first.Write([new(new string('\u20AC', (MemoryFile.MaxLength / 3) + 1), s_down[0].Address)]); // three bytes each
        _kept.ShouldBeEmpty();
        _log.Messages.ShouldHaveSingleItem().Text.ShouldContain("is not kept for the next process");

        _first.Write(s_down);

        using var second = Next(_kept.ShouldHaveSingleItem());
        second.Before.ShouldBe(s_down);
    }

    [Fact]
    public void FileThatMayNotBeWritten_IsSaid_AndNothingElse()
    {
        _first.Write(s_down);
        using var readOnly = File.OpenHandle($"/proc/self/fd/{_kept[0]}");
        using var second = Next((int)readOnly.DangerousGetHandle());

        second.Before.ShouldBe(s_down);
        second.Write([]);

        _log.Messages.ShouldHaveSingleItem().Text.ShouldContain("is not kept for the next process");
    }

    [Fact]
    public void WithoutAServiceManager_NothingIsWritten()
    {
        using var alone = new KeptHealth(inherited: null, keep: null, _log);
        alone.Write(s_down);
        _log.Messages.ShouldBeEmpty();
    }

    // A service manager keeps a descriptor of its own.
    private void Keep(MemoryFile file) => _kept.Add(FileDescriptor.Duplicate(file.Descriptor.Number));

    private KeptHealth Next(int kept) => new(new FileDescriptor(FileDescriptor.Duplicate(kept)), Keep, _log);
}
