// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Telemetry.Http;

/// <summary>What a <see cref="ControlHttpConnection"/> does; when there are too many, the first of these go first.</summary>
internal enum ControlHttpPhase
{
    /// <summary>Has not shown yet who it is.</summary>
    Greeting,

    /// <summary>Waits for a request, or for its rest.</summary>
    Waiting,

    /// <summary>Sends an answer.</summary>
    Sending,

    /// <summary>Has a request answered: never ended for the sake of another.</summary>
    Answering,
}
