// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Reactors;

namespace Penstock.Linux.Tests;

/// <summary>Which threads use the rights of the process. Without any, there are none to give up, and each holds likewise.</summary>
public sealed class ThreadRightsTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Reactor_OnItsThread_HasNoneInForce_AndTheThreadThatMadeItHasItsOwn()
    {
        var own = ThreadRights.InForce().ShouldNotBeNull();

        OnReactor(ThreadRights.InForce).ShouldBe(own & ThreadRights.Kept);

        ThreadRights.InForce().ShouldBe(own);
        ThreadRights.IsRefused.ShouldBeFalse();
    }

    [Fact]
    public void ThreadThatAReactorStarts_ForWorkOfControl_HasThem_AndForItsOwnWorkNone()
    {
        var own = ThreadRights.InForce().ShouldNotBeNull();
        var control = ContextOfControl();

        var (before, within, after) = OnReactor(() => OnThread(() => (ThreadRights.InForce(), Within(control), ThreadRights.InForce())));

        before.ShouldBe(own & ThreadRights.Kept);
        within.ShouldBe(own);
        after.ShouldBe(own, "it is the pool's, which has other such work for it");
    }

    [Fact]
    public void Reactor_WithWorkOfControl_HasNone()
    {
        var own = ThreadRights.InForce().ShouldNotBeNull();
        var control = ContextOfControl();

        OnReactor(() => Within(control)).ShouldBe(own & ThreadRights.Kept);
    }

    private static ExecutionContext ContextOfControl() => OnThread(() =>
    {
        ThreadRights.Control();
        return ExecutionContext.Capture().ShouldNotBeNull();
    });

    private static Capabilities? Within(ExecutionContext context)
    {
        Capabilities? seen = null;
        ExecutionContext.Run(context, _ => seen = ThreadRights.InForce(), null);
        return seen;
    }

    private static T OnReactor<T>(Func<T> look)
    {
        using var reactor = new Reactor("test", exception => throw exception);
        var seen = new TaskCompletionSource<T>();
        reactor.Start();
        reactor.Post(() => seen.SetResult(look()));
        seen.Task.Wait(s_patience).ShouldBeTrue();
        return seen.Task.Result;
    }

    private static T OnThread<T>(Func<T> look)
    {
        var seen = default(T)!; // set by the thread, which is waited for
        var thread = new Thread(() => seen = look());
        thread.UnsafeStart();
        thread.Join(s_patience).ShouldBeTrue();
        return seen;
    }
}
