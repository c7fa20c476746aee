// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;

namespace Penstock.L4.Xdp;

/// <summary>Has a folder of pins belong to this process alone, for as long as it runs the services that are pinned there.</summary>
internal sealed class PinOwner : IDisposable
{
    private FolderLock? _held;

    /// <summary>Takes the folder, makes what is missing of it, and removes what an interrupted start has left; once more where somebody has removed it meanwhile.</summary>
    /// <exception cref="L4ApplyException">Another process has it.</exception>
    public void Own(PinTree pins)
    {
        if (!Directory.Exists(pins.Root))
            Release();
        pins.Create();
        _held ??= Take(pins.Root);
        pins.RemoveLeft();
    }

    /// <summary>Lets go of it.</summary>
    public void Release()
    {
        _held?.Dispose();
        _held = null;
    }

    /// <inheritdoc/>
    public void Dispose() => Release();

    /// <summary>Takes everything away that is pinned in a folder of nobody's: programs leave their interfaces.</summary>
    /// <returns>The interfaces that ran the program.</returns>
    /// <exception cref="L4ApplyException">Another process has it, or what is in it is not penstock's.</exception>
    public static IReadOnlyList<string> Clear(PinTree pins)
    {
        pins.RequireFolder();
        if (Directory.Exists(pins.Root) && !pins.HasOwn && Directory.EnumerateFileSystemEntries(pins.Root).Any())
            throw new L4ApplyException("nothing there is penstock's");
        var attachments = new XdpAttachments(pins);
        var names = pins.LinkNames();
        using (Directory.Exists(pins.Root) ? Take(pins.Root) : null)
        {
            foreach (var name in names)
                attachments.Detach(name);
            new ProbeAttachments(pins).Clear();
        }

        pins.Delete();
        return names;
    }

    private static FolderLock Take(string root) =>
        FolderLock.TryTake(root) ?? throw new L4ApplyException($"another process runs the services pinned in {root}: stop it, or use another folder");
}
