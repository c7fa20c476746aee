// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.Linux;

namespace Penstock.Daemon.Running;

/// <summary>That a configuration of the history runs, or is to come back, kept in a file while it is so: over restarts of the daemon and of the host.</summary>
/// <param name="path">The file.</param>
internal sealed class ReturnRecord(string path)
{
    /// <summary>Where it is in a folder of state.</summary>
    public const string Name = "return.json";

    /// <summary>Most bytes that are read: many times what there is to say.</summary>
    private const int MostBytes = 1 << 20;

    /// <summary>Reads it; nothing where there is no file.</summary>
    /// <exception cref="IOException">It can't be known: the file can't be read, or holds something else.</exception>
    public (HeldConfig? Held, ConfirmWindow? Window) Read()
    {
        if (!Path.Exists(path))
            return (null, null);
        if (!FileKind.IsRegular(path))
            throw new IOException($"{path} is no file: a folder, a named pipe or a device is there");
        try
        {
            if (new FileInfo(path).Length > MostBytes)
                throw new IOException($"{path} is larger than {MostBytes} bytes");
            var state = JsonSerializer.Deserialize(File.ReadAllBytes(path), StateJson.Default.KeptStatus);
            return (Whole(state?.Held), Whole(state?.Window));
        }
        catch (Exception error) when (error is JsonException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} can't be read: {error.Message}", error);
        }
    }

    /// <summary>Writes it, whole or not at all; where there is nothing to say, there is no file.</summary>
    /// <exception cref="IOException">It can't be written; what was there stays.</exception>
    public void Write(KeptStatus status)
    {
        try
        {
            if (status is { Held: null, Window: null })
            {
                DurableFile.Delete(path);
                return;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!); // a configured folder and a name
            DurableFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(status, StateJson.Default.KeptStatus));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} can't be written: {error.Message}", error);
        }
    }

    // Whoever wrote the file may have left something out.
    private static HeldConfig? Whole(HeldConfig? held) => held is null ? null : held with { By = held.By ?? "", Why = held.Why ?? "" };

    private static ConfirmWindow? Whole(ConfirmWindow? window) => window is null ? null : window with { By = window.By ?? "", Why = window.Why ?? "" };
}
