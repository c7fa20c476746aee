// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.Daemon.Admin;
using Penstock.Linux;

namespace Penstock.Daemon.Running;

/// <summary>That a configuration of the history runs, or is to come back, kept in a file while it is so: over restarts of the daemon and of the host.</summary>
/// <param name="path">The file.</param>
internal sealed class ReturnRecord(string path)
{
    /// <summary>Where it is in a folder of state.</summary>
    public const string Name = "return.json";

    /// <summary>Reads it.</summary>
    /// <exception cref="IOException">It can't be known.</exception>
    public (HeldConfig? Held, ConfirmWindow? Window) Read()
    {
        if (!Path.Exists(path))
            return (null, null);
        try
        {
            var state = JsonSerializer.Deserialize(File.ReadAllBytes(path), AdminJson.Default.KeptStatus);
            return (state?.Held, state?.Window);
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
                if (Path.Exists(path))
                    File.Delete(path);
                return;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!); // a configured folder and a name
            DurableFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(status, AdminJson.Default.KeptStatus));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} can't be written: {error.Message}", error);
        }
    }
}
