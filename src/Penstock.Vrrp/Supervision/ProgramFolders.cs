// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp.Supervision;

/// <summary>Folders of the programs that the daemon runs: others may not look into them.</summary>
internal static class ProgramFolders
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    /// <summary>Makes those that are not there.</summary>
    /// <exception cref="IOException">They can't be made.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be made.</exception>
    public static void Make(params ReadOnlySpan<string> folders)
    {
        foreach (var folder in folders)
            Directory.CreateDirectory(folder, Mode);
    }

    /// <summary>Whether two paths are one as they are written, links aside.</summary>
    public static bool AreSame(string one, string other) => string.Equals(Path.GetFullPath(one), Path.GetFullPath(other), StringComparison.Ordinal);
}
