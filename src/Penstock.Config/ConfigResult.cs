// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Penstock.Model;

namespace Penstock.Config;

/// <summary>What a configuration's text says, or what is wrong with it.</summary>
/// <param name="Config">The configuration; null when there is an error among the diagnostics.</param>
/// <param name="Diagnostics">Every error and warning, by file in reading order, then line and column.</param>
/// <param name="Files">The files read, in reading order: the main file first.</param>
public sealed record ConfigResult(ApplianceConfig? Config, ImmutableArray<ConfigDiagnostic> Diagnostics, ImmutableArray<ConfigFile> Files)
{
    /// <summary>SHA-256 over names and contents of the files, lower-case hex: equal when nothing in the text has changed.</summary>
    public string ContentHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{file.Name}\0{file.Content.Length}\0"));
            hash.AppendData(file.Content.Span);
        }

        foreach (var set in Config?.L4.Services.SelectMany(service => service.Allow.Concat(service.Block)).Where(set => set.IsFile) ?? [])
            hash.AppendData(MemoryMarshal.AsBytes(set.Prefixes.AsSpan()));

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
