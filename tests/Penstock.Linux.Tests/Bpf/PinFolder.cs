// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Bpf;

namespace Penstock.Linux.Tests.Bpf;

/// <summary>A bpffs of a test's own.</summary>
internal sealed class PinFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("penstock-bpf-").FullName;

    public PinFolder() => BpfFileSystem.Mount(_path);

    /// <summary>A path in it.</summary>
    public string At(string name) => Path.Combine(_path, name);

    public void Dispose()
    {
        if (BpfFileSystem.Unmount(_path))
            Directory.Delete(_path);
    }
}
