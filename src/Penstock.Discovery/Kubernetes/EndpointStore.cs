// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Discovery.Kubernetes;

/// <summary>
/// The last good endpoints of a cluster, in a file of the daemon's state. Its name tells apart what the cluster's sources have been, so that endpoints of another Service are never taken for
/// those of this one.
/// </summary>
internal sealed class EndpointStore
{
    private const string Folder = "endpoints";
    private const string Ending = ".json";
    private const char Separator = '+'; // no cluster has it in its name
    private const int FileBytes = 128 << 20;
    private const int HashBytes = 6;
    private const int FormatVersion = 1;

    private readonly string _path;
    private readonly string _family;

    /// <summary>The store of a cluster.</summary>
    /// <param name="state">Folder of what the daemon keeps over restarts.</param>
    /// <param name="cluster">Name of the cluster.</param>
    /// <param name="sources">Its sources.</param>
    /// <param name="isUdp">Whether their ports are those of UDP; else of TCP.</param>
    public EndpointStore(string state, string cluster, IEnumerable<KubernetesDiscoveryConfig> sources, bool isUdp = false)
    {
        var identity = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', sources.Select(source => Identity(source, isUdp)))));
        _family = cluster + Separator;
        _path = Path.Combine(state, Folder, _family + Convert.ToHexStringLower(identity.AsSpan(0, HashBytes)) + Ending);
    }

    /// <summary>Hands each source what is there of it: from the cluster's file, or, of sources that it had among others before its configuration changed, from the file of then.</summary>
    /// <param name="parts">The sources.</param>
    /// <param name="now">The time.</param>
    /// <returns>What is wrong with the file; null: nothing, or there is none.</returns>
    public string? Load(IReadOnlyList<ApiCluster> parts, DateTimeOffset now)
    {
        foreach (var other in Others().OrderBy(File.GetLastWriteTimeUtc))
            Load(other, parts, now);
        return Load(_path, parts, now);
    }

    /// <summary>Writes what is known, whole or not at all.</summary>
    /// <param name="parts">The sources.</param>
    /// <param name="now">The time.</param>
    /// <returns>Why it can't be written, the file before it stays; null: it is.</returns>
    public string? Save(IEnumerable<ApiCluster> parts, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("version", FormatVersion);
            json.WriteStartArray("sources");
            foreach (var part in parts)
                Write(json, part, now);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!); // a folder and a name
            DurableFile.Write(_path, buffer.WrittenSpan);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"{_path} can't be written: {error.Message}";
        }
    }

    /// <summary>Removes what was written of other sources that the cluster had.</summary>
    public void Prune()
    {
        try
        {
            foreach (var other in Others())
                File.Delete(other);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is in nobody's way.
        }
    }

    private static string? Load(string path, IReadOnlyList<ApiCluster> parts, DateTimeOffset now)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
                return null;
            if (file.Length > FileBytes)
                throw new InvalidDataException($"a file of {file.Length} bytes; {FileBytes} are allowed");
            var reader = new Utf8JsonReader(File.ReadAllBytes(path));
            reader.Read();
            Read(ref reader, parts, now);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException or JsonException or InvalidOperationException or FormatException)
        {
            return $"{path} can't be used: {error.Message}";
        }
    }

    // Files of what the cluster's sources were before.
    private string[] Others()
    {
        var folder = Path.GetDirectoryName(_path)!; // a folder and a name
        try
        {
            return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, _family + "*" + Ending).Where(other => !string.Equals(other, _path, StringComparison.Ordinal))] : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string Identity(KubernetesDiscoveryConfig source, bool isUdp) => $"{source.Service} {source.Port} {source.Via} {source.Context} {source.Kubeconfig}{(isUdp ? " udp" : "")}";

    private static void Write(Utf8JsonWriter json, ApiCluster part, DateTimeOffset now)
    {
        var endpoints = part.Endpoints;
        if (endpoints.IsDefault)
            return;
        json.WriteStartObject();
        json.WriteString("source", Identity(part.Config, part.Form.IsUdp));
        json.WriteString("confirmed", (now - part.Age).ToString("o", CultureInfo.InvariantCulture));
        json.WriteStartArray("endpoints");
        foreach (var endpoint in endpoints)
        {
            json.WriteStartObject();
            json.WriteString("address", endpoint.Address.Address!.ToString()); // none is a Unix socket
            json.WriteNumber("port", endpoint.Address.Port);
            json.WriteNumber("weight", endpoint.Weight);
            json.WriteBoolean("ready", endpoint.State == EndpointState.Ready);
            json.WriteString("zone", endpoint.Zone);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Read(ref Utf8JsonReader reader, IReadOnlyList<ApiCluster> parts, DateTimeOffset now)
    {
        JsonTokens.Object(ref reader, "the file");
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("version"u8))
            {
                if (JsonTokens.Number(ref reader, "version") != FormatVersion)
                    throw new InvalidDataException("of another version");
            }
            else if (reader.ValueTextEquals("sources"u8))
            {
                if (!JsonTokens.List(ref reader, "sources"))
                    continue;
                while (JsonTokens.Item(ref reader))
                    ReadSource(ref reader, parts, now);
            }
            else
            {
                JsonTokens.Skip(ref reader);
            }
        }
    }

    // Whom the endpoints are of stands before them, as they were written.
    private static void ReadSource(ref Utf8JsonReader reader, IReadOnlyList<ApiCluster> parts, DateTimeOffset now)
    {
        ApiCluster? part = null;
        var age = TimeSpan.Zero;
        JsonTokens.Object(ref reader, "sources");
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("source"u8))
            {
                var identity = JsonTokens.TextOrNull(ref reader, "source");
                part = parts.FirstOrDefault(one => string.Equals(Identity(one.Config, one.Form.IsUdp), identity, StringComparison.Ordinal));
            }
            else if (reader.ValueTextEquals("confirmed"u8))
            {
                var confirmed = DateTimeOffset.ParseExact(JsonTokens.TextOrNull(ref reader, "confirmed") ?? "", "o", CultureInfo.InvariantCulture);
                age = confirmed < now ? now - confirmed : TimeSpan.Zero; // the clock may have been set
            }
            else if (reader.ValueTextEquals("endpoints"u8) && part is not null)
            {
                part.Restore(ReadEndpoints(ref reader, part.Form), age);
            }
            else
            {
                JsonTokens.Skip(ref reader);
            }
        }
    }

    private static ImmutableArray<Endpoint> ReadEndpoints(ref Utf8JsonReader reader, EndpointForm form)
    {
        var endpoints = ImmutableArray.CreateBuilder<Endpoint>();
        if (JsonTokens.List(ref reader, "endpoints"))
        {
            while (JsonTokens.Item(ref reader))
                endpoints.Add(ReadEndpoint(ref reader, form));
        }

        return endpoints.DrainToImmutable();
    }

    private static Endpoint ReadEndpoint(ref Utf8JsonReader reader, EndpointForm form)
    {
        string? address = null, zone = null;
        int? port = null, weight = null;
        bool? isReady = null;
        JsonTokens.Object(ref reader, "endpoints");
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("address"u8))
                address = JsonTokens.TextOrNull(ref reader, "address");
            else if (reader.ValueTextEquals("port"u8))
                port = JsonTokens.Port(ref reader, "port");
            else if (reader.ValueTextEquals("weight"u8))
                weight = JsonTokens.Number(ref reader, "weight");
            else if (reader.ValueTextEquals("ready"u8))
                isReady = JsonTokens.Flag(ref reader, "ready");
            else if (reader.ValueTextEquals("zone"u8))
                zone = JsonTokens.TextOrNull(ref reader, "zone");
            else
                JsonTokens.Skip(ref reader);
        }

        return address is not null && port is { } number && SliceReader.TryAddress(address, out var parsed)
            ? form.Make(parsed, number, isReady ?? true, zone ?? "", Math.Clamp(weight ?? 1, 1, ushort.MaxValue))
            : throw new InvalidDataException("an endpoint without address or port");
    }
}
