// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;

namespace Penstock.Vrrp.Supervision;

/// <summary>A file that keepalived tracks (<c>track_file</c>).</summary>
internal static class HealthFile
{
    /// <summary>Writes a value over the one before in one write, so that keepalived, which reads at each change, never finds the file empty.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not from <see cref="InstanceHealth.Fault"/> to 0.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static void Write(string path, int value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, InstanceHealth.Fault);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 0);
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{value,-4}\n"))); // as long whatever the value
    }

    /// <summary>Makes one that is not there, with 0.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public static void Ensure(string path)
    {
        if (!File.Exists(path))
            Write(path, 0);
    }
}
