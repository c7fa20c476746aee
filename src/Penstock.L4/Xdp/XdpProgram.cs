// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Bpf;

namespace Penstock.L4.Xdp;

/// <summary>The loaded program with its maps: those pinned by the one before, where they fit, and new ones otherwise.</summary>
internal sealed class XdpProgram : IDisposable
{
    private const string Name = "xdp_lb";
    private const string Key = "services";

    private readonly BpfProgram _program;
    private readonly List<string> _fresh;
    private readonly Dictionary<string, BpfMap> _before;
    private readonly uint _copied;
    private int _holders = 1;

    private XdpProgram(BpfProgram program, XdpMaps maps, bool isAdopted, List<string> fresh, List<string> rebuilt, Dictionary<string, BpfMap> before, uint copied)
    {
        _program = program;
        Maps = maps;
        IsAdopted = isAdopted;
        _fresh = fresh;
        Rebuilt = rebuilt;
        _before = before;
        _copied = copied;
    }

    /// <summary>Its maps.</summary>
    public XdpMaps Maps { get; }

    /// <summary>Whether the maps hold what those of the program before do.</summary>
    public bool IsAdopted { get; }

    /// <summary>Maps that could not be taken over as they were, each with the reason; what has another size kept its contents, as far as they found room.</summary>
    public IReadOnlyList<string> Rebuilt { get; }

    /// <summary>The program.</summary>
    public BpfProgram Program => _program;

    /// <summary>Loads it. Nothing that runs is touched.</summary>
    /// <param name="file">The object file.</param>
    /// <param name="pins">Where maps of before are.</param>
    /// <param name="sizes">Entries by map.</param>
    /// <param name="settings">The program's settings.</param>
    /// <exception cref="BpfException">The kernel refuses the program or a map.</exception>
    public static XdpProgram Load(ProgramFile file, PinTree pins, IReadOnlyDictionary<string, uint> sizes, Layout.Settings settings)
    {
        using var opened = file.Open();
        opened.SetConstant("settings", settings, ".rodata.settings");
        if (!settings.Features.HasFlag(Layout.Features.Jumbo))
            opened.ClearFlags(Name);
        var fresh = new List<string>();
        var rebuilt = new List<string>();
        var before = new Dictionary<string, BpfMap>(StringComparer.Ordinal);
        try
        {
            // Ids tie the maps together: they are taken over all, or none.
            var isAdopted = XdpMaps.Names.All(name => IsAlike(opened, name, pins)) && File.Exists(pins.Map(Key));
            foreach (var name in XdpMaps.Names)
                Choose(opened, name, pins, sizes, isAdopted, fresh, rebuilt, before);
            opened.Load();
            var maps = new XdpMaps(opened);
            var now = BpfClock.Seconds;
            foreach (var (name, old) in before)
            {
                if (maps.TakeOver(name, old) is var lost and > 0)
                    rebuilt.Add($"{name} has no room for {lost} flows that were remembered: they go by the tables from now on");
            }

            return new XdpProgram(opened.Program(Name), maps, isAdopted, fresh, rebuilt, before, now);
        }
        catch
        {
            foreach (var old in before.Values)
                old.Dispose();
            throw;
        }
    }

    /// <summary>Takes over what the program before has written since its maps were copied, and lets go of them. To be called when no interface runs that one any more.</summary>
    public void CatchUp()
    {
        foreach (var (name, old) in _before)
        {
            Maps.CatchUp(name, old, _copied);
            old.Dispose();
        }

        _before.Clear();
    }

    /// <summary>Pins what is new, in place of what was there.</summary>
    public void Pin(PinTree pins)
    {
        // A set without its key is not taken over: one that is half new, because this is killed meanwhile, must not be.
        if (_fresh.Count > 0)
            File.Delete(pins.Map(Key));
        foreach (var name in _fresh.Where(name => name != Key))
            PinTree.Replace(pins.Map(name), Maps[name].Pin);
        if (_fresh.Count > 0)
            PinTree.Replace(pins.Map(Key), Maps[Key].Pin);
        _fresh.Clear();
        PinTree.Replace(pins.Program, _program.Pin);
    }

    /// <summary>Pins what somebody has removed meanwhile.</summary>
    public void PinAgain(PinTree pins)
    {
        if (File.Exists(pins.Program) && XdpMaps.Names.All(name => File.Exists(pins.Map(name))))
            return;
        _fresh.Clear();
        _fresh.AddRange(XdpMaps.Names);
        Pin(pins);
    }

    /// <summary>Has it stay open until whoever called this has disposed it, too.</summary>
    public XdpProgram Hold()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref _holders) > 0)
            return;
        foreach (var old in _before.Values)
            old.Dispose();
        Maps.Dispose();
        _program.Dispose();
    }

    private static void Choose(
        BpfObject opened, string name, PinTree pins, IReadOnlyDictionary<string, uint> sizes, bool isAdopted, List<string> fresh, List<string> rebuilt, Dictionary<string, BpfMap> before)
    {
        var wanted = opened.Definition(name);
        if (sizes.TryGetValue(name, out var entries))
            wanted = wanted with { MaxEntries = entries };
        if (isAdopted && XdpSizes.Younger.TryGetValue(name, out var elder) && EntriesPinned(pins.Map(elder)) is var pinned && pinned > wanted.MaxEntries)
            wanted = wanted with { MaxEntries = pinned };
        var old = BpfMap.OpenPinned(pins.Map(name));
        if (old is not null && isAdopted && Fits(old.Info, wanted, name))
        {
            opened.Reuse(name, old);
            old.Dispose();
            return;
        }

        opened.SetMaxEntries(name, wanted.MaxEntries);
        fresh.Add(name);
        if (old is null)
            return;
        if (isAdopted)
            rebuilt.Add($"{name} has {wanted.MaxEntries} entries in place of {old.Info.MaxEntries}");
        else if (!IsAlike(old.Info, wanted))
            rebuilt.Add($"{name} has another layout");
        if (isAdopted)
            before.Add(name, old);
        else
            old.Dispose();
    }

    private static uint EntriesPinned(string path)
    {
        using var map = BpfMap.OpenPinned(path);
        return map?.Info.MaxEntries ?? 0;
    }

    private static bool IsAlike(BpfObject opened, string name, PinTree pins)
    {
        using var old = BpfMap.OpenPinned(pins.Map(name));
        return old is null || IsAlike(old.Info, opened.Definition(name));
    }

    private static bool Fits(BpfMapInfo old, BpfMapInfo wanted, string name) =>
        IsAlike(old, wanted) && (XdpSizes.Exact.Contains(name) ? old.MaxEntries == wanted.MaxEntries : old.MaxEntries >= wanted.MaxEntries);

    private static bool IsAlike(BpfMapInfo old, BpfMapInfo wanted) =>
        old.Type == wanted.Type && old.KeySize == wanted.KeySize && old.ValueSize == wanted.ValueSize && old.Flags == wanted.Flags;
}
