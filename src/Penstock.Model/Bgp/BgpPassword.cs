// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Bgp;

/// <summary>What a session's password may be: as many bytes as the kernel takes (TCP_MD5SIG_MAXKEYLEN), and none that would end a text in BIRD's configuration.</summary>
public static class BgpPassword
{
    /// <summary>Longest password, bytes.</summary>
    public const int Longest = 80;

    /// <summary>Most bytes of a password's file.</summary>
    public const int FileBytes = 4096;

    /// <summary>What is asked for, for people.</summary>
    public const string Expected = "a first line of 1 to 80 printable ASCII characters without \"";

    /// <summary>The password in a file's content: its first line.</summary>
    /// <returns>Null: it is none.</returns>
    public static string? Find(string content)
    {
        var line = content.AsSpan();
        if (line.IndexOf('\n') is >= 0 and var end)
            line = line[..end];
        line = line.TrimEnd('\r');
        return line.Length is > 0 and <= Longest && !line.ContainsAnyExceptInRange(' ', '~') && !line.Contains('"') ? line.ToString() : null;
    }
}
