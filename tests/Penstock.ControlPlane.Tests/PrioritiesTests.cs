// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model;

namespace Penstock.ControlPlane.Tests;

public sealed class PrioritiesTests
{
    [Theory]
    [InlineData("0r 0r", "0r 0r")]
    [InlineData("0r 1r 2r", "0r 1d 2d")]
    [InlineData("0x 1r 2r", "0x 1r 2d")]
    [InlineData("0d 1x 2r 2r", "0d 1x 2r 2r")]
    [InlineData("1r 0x", "1r 0x")]
    [InlineData("0x 1x", "0x 1x")]
    [InlineData("0r 1x 1d", "0r 1x 1d")]
    [InlineData("", "")]
    public void Apply_Endpoints_HasThoseOfTheFirstPriorityThatIsReady(string before, string after) =>
        string.Join(' ', Priorities.Apply(Parse(before)).Select(Text)).ShouldBe(after);

    [Fact]
    public void Apply_ReadyWithoutWeight_IsNoneToRelyOn()
    {
        var endpoints = Parse("0r 1r");

        Priorities.Apply([endpoints[0] with { Weight = 0 }, endpoints[1]])[1].State.ShouldBe(EndpointState.Ready);
    }

    private static ImmutableArray<Endpoint> Parse(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select((one, i) => new Endpoint(FakeSource.Address(i + 1), 1, State(one[1])) { Priority = one[0] - '0' })];

    private static EndpointState State(char letter) => letter switch
    {
        'r' => EndpointState.Ready,
        'd' => EndpointState.Drain,
        _ => EndpointState.Down,
    };

    private static string Text(Endpoint endpoint) => $"{endpoint.Priority}{(endpoint.State == EndpointState.Ready ? 'r' : endpoint.State == EndpointState.Drain ? 'd' : 'x')}";
}
