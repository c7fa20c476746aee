// SPDX-License-Identifier: Apache-2.0
using System.ComponentModel;
using System.Diagnostics;

namespace Penstock.Linux.Bpf;

/// <summary>A BPF call failed: what was tried, the error by its name, and libbpf's log where it wrote one.</summary>
[DebuggerDisplay("{Message}")]
public sealed class BpfException : Exception
{
    /// <summary>Describes a failure.</summary>
    /// <param name="what">What was tried, of what: <c>pin map rings at /sys/fs/bpf/penstock/rings</c>.</param>
    /// <param name="error">Why the kernel refused.</param>
    /// <param name="log">What libbpf and the verifier wrote; empty: nothing.</param>
    public BpfException(string what, Errno error, string log = "")
        : base($"{what}: {error} ({new Win32Exception((int)error).Message}){(log.Length == 0 ? "" : "\n" + log)}")
    {
        Error = error;
        Log = log;
    }

    /// <summary>Why the kernel refused.</summary>
    public Errno Error { get; }

    /// <summary>What libbpf and the verifier wrote; empty: nothing.</summary>
    public string Log { get; }

    /// <summary>Throws on a negative result, which is how libbpf 1.x returns an errno.</summary>
    internal static int Check(int result, string what) =>
        result >= 0 ? result : throw new BpfException(what, (Errno)(-result));
}
