// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.ControlPlane.Overrides;
using Penstock.Linux;

namespace Penstock.Daemon.Running;

/// <summary>The states that operators have given, kept in a file: over restarts of the daemon and of the host.</summary>
/// <param name="path">The file, JSON.</param>
internal sealed class OverrideRecord(string path)
{
    /// <summary>Where it is in a folder of state.</summary>
    public const string Name = "overrides.json";

    /// <summary>Most bytes that are read: several times what the most overrides take that are allowed.</summary>
    private const int MostBytes = 16 << 20;

    /// <summary>Reads them; none where there is no file.</summary>
    /// <exception cref="IOException">They can't be known: the file can't be read, or holds something else.</exception>
    public OverrideSet Read()
    {
        if (!Path.Exists(path))
            return OverrideSet.None;
        if (!FileKind.IsRegular(path))
            throw new IOException($"{path} is no file: a folder, a named pipe or a device is there");
        try
        {
            if (new FileInfo(path).Length > MostBytes)
                throw new IOException($"{path} is larger than {MostBytes} bytes");
            return (JsonSerializer.Deserialize(File.ReadAllBytes(path), StateJson.Default.StateOverrideArray) ?? []).Aggregate(OverrideSet.None, (all, one) => all.With(Whole(one)));
        }
        catch (Exception error) when (error is JsonException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} can't be read: {error.Message}", error);
        }
    }

    /// <summary>Writes them, whole or not at all.</summary>
    /// <exception cref="IOException">They can't be written; what was there stays.</exception>
    public void Write(OverrideSet overrides)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!); // a configured folder and a name
            DurableFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(overrides.All.ToArray(), StateJson.Default.StateOverrideArray));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} can't be written: {error.Message}", error);
        }
    }

    /// <summary>Gives a file that can't be read another name, so that <see cref="Write"/> does not replace it: <c>PATH.damaged</c>.</summary>
    /// <exception cref="IOException">It can't be renamed.</exception>
    public void SetAside()
    {
        try
        {
            if (File.Exists(path))
                DurableFile.Rename(path, path + ".damaged");
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException($"{path} can't be renamed: {error.Message}", error);
        }
    }

    // Whoever wrote the file may have left something out.
    private static StateOverride Whole(StateOverride? one)
    {
        if (one is null || string.IsNullOrEmpty(one.Name) || (one.Address is null) != (one.Kind is OverrideKind.Service or OverrideKind.Cluster))
            throw new JsonException("an override without what it is of");
        return one with { By = one.By ?? "", Why = one.Why ?? "" };
    }
}
