// SPDX-License-Identifier: Apache-2.0
namespace Penstock.ControlPlane;

/// <summary>Something for the control loop to do.</summary>
internal abstract record ControlMessage
{
    /// <summary>Discovery or health know something new.</summary>
    public sealed record Touched : ControlMessage
    {
        /// <summary>It carries nothing: what is new is read when its turn comes.</summary>
        public static readonly Touched Instance = new();
    }

    /// <summary>Read the configuration and apply it.</summary>
    /// <param name="Done">Takes the outcome.</param>
    /// <param name="Load">Reads it.</param>
    public sealed record Reload(TaskCompletionSource<ReloadOutcome> Done, Func<LoadedConfig> Load) : ControlMessage;

    /// <summary>Publish what is new at once.</summary>
    /// <param name="Done">Takes why the engines did not take it; null: they did.</param>
    /// <param name="Anew">Whether the engines are to look again at what is theirs.</param>
    public sealed record Publish(TaskCompletionSource<string?> Done, bool Anew) : ControlMessage;

    /// <summary>Show that the loop turns.</summary>
    /// <param name="Done">Set when its turn comes.</param>
    public sealed record Ping(TaskCompletionSource Done) : ControlMessage;
}
