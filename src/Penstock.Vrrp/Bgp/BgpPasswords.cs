// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;
using Penstock.Model.Bgp;

namespace Penstock.Vrrp.Bgp;

/// <summary>Reads the passwords of sessions.</summary>
internal static class BgpPasswords
{
    /// <summary>By neighbor; those without have none in it.</summary>
    /// <exception cref="AddressApplyException">A file can't be read, or has none.</exception>
    public static Dictionary<string, string> Read(BgpConfig bgp)
    {
        var passwords = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var neighbor in bgp.Neighbors)
        {
            if (neighbor.PasswordFile is not { } path)
                continue;
            try
            {
                if (!FileKind.IsRegular(path))
                    throw new AddressApplyException($"{path}: no regular file"); // a FIFO would have this wait for a writer
                var content = new FileInfo(path).Length <= BgpPassword.FileBytes ? File.ReadAllText(path) : "";
                passwords[neighbor.Name] = BgpPassword.Find(content) ?? throw new AddressApplyException($"{path}: no password; expected {BgpPassword.Expected}");
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new AddressApplyException($"{path}: {error.Message}", error);
            }
        }

        return passwords;
    }
}
