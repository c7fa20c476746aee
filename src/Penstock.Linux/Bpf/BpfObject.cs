// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Penstock.Linux.Bpf;

/// <summary>
/// An object file of programs and maps: open, set up, <see cref="Load"/>, then take maps and programs, which live on
/// after the object is disposed.
/// </summary>
public sealed unsafe class BpfObject : SafeHandle
{
    private readonly string _path;
    private Btf? _btf;

    private BpfObject(nint handle, string path)
        : base(0, ownsHandle: true)
    {
        SetHandle(handle);
        _path = path;
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Its types.</summary>
    public Btf Btf => _btf ??= Btf.OfHandle(Libbpf.bpf_object__btf(handle), _path);

    /// <summary>Names of its maps, in the order of the file; libbpf's own (<c>.rodata</c>, <c>.bss</c>) under its names.</summary>
    public IReadOnlyList<string> MapNames
    {
        get
        {
            var names = new List<string>();
            for (var map = Libbpf.bpf_object__next_map(handle, 0); map != 0; map = Libbpf.bpf_object__next_map(handle, map))
                names.Add(Marshal.PtrToStringUTF8((nint)Libbpf.bpf_map__name(map))!); // every map has a name
            return names;
        }
    }

    /// <summary>Names of its programs, in the order of the file.</summary>
    public IReadOnlyList<string> ProgramNames
    {
        get
        {
            var names = new List<string>();
            for (var program = Libbpf.bpf_object__next_program(handle, 0); program != 0; program = Libbpf.bpf_object__next_program(handle, program))
                names.Add(Marshal.PtrToStringUTF8((nint)Libbpf.bpf_program__name(program))!); // every program has a name
            return names;
        }
    }

    /// <summary>Reads an object file.</summary>
    /// <exception cref="BpfException">It is missing or no BPF object.</exception>
    public static BpfObject Open(string path)
    {
        var ((handle, error), log) = LibbpfLog.Collect(() => (Libbpf.bpf_object__open_file(path, 0), (Errno)Marshal.GetLastPInvokeError()));
        return handle != 0 ? new BpfObject(handle, path) : throw new BpfException($"open {path}", error, log);
    }

    /// <summary>Reads an object file that has been read into memory.</summary>
    /// <param name="path">Where it was.</param>
    /// <param name="contents">Its bytes.</param>
    /// <exception cref="BpfException">It is no BPF object.</exception>
    public static BpfObject Open(string path, byte[] contents)
    {
        // Its name, which libbpf takes from the file else, is part of those of its sections.
        var name = Marshal.StringToCoTaskMemUTF8(Path.GetFileName(path).Split('.')[0]);
        try
        {
            fixed (byte* first = contents)
            {
                // The beginning of struct bpf_object_open_opts: the size of what is said, and the name.
                var said = stackalloc nint[] { 2 * sizeof(nint), name };
                var (start, options) = ((nint)first, (nint)said);
                var ((handle, error), log) = LibbpfLog.Collect(() => (Libbpf.bpf_object__open_mem(start, (nuint)contents.Length, options), (Errno)Marshal.GetLastPInvokeError()));
                return handle != 0 ? new BpfObject(handle, path) : throw new BpfException($"open {path}", error, log);
            }
        }
        finally
        {
            Marshal.FreeCoTaskMem(name);
        }
    }

    /// <summary>What a map will be when it is loaded as it is now; its id and BTF are 0.</summary>
    public BpfMapInfo Definition(string map) => DefinitionOf(Find(map), map);

    /// <summary>What the maps inside a map of maps will be, as known until it is loaded; null: it is none.</summary>
    public BpfMapInfo? InnerDefinition(string map)
    {
        var inner = Libbpf.bpf_map__inner_map(Find(map));
        return inner == 0 ? null : DefinitionOf(inner, map + ".inner");
    }

    /// <summary>Sets a <c>const volatile</c> global of the programs, before they are loaded.</summary>
    /// <exception cref="ArgumentException">There is none of that name, or it has another size.</exception>
    public void SetConstant<T>(string name, T value, string section = ".rodata")
        where T : unmanaged
    {
        var variable = Btf.Variable(section, name) ?? throw new ArgumentException($"{_path} has no constant {name}", nameof(name));
        if (variable.Size != sizeof(T))
            throw new ArgumentException($"{_path}: constant {name} has {variable.Size} bytes, not {sizeof(T)}", nameof(name));

        nuint size;
        var start = Libbpf.bpf_map__initial_value(Find(section), &size);
        if ((nuint)(variable.Offset + variable.Size) > size)
            throw new ArgumentException($"{_path}: constant {name} lies outside of its section", nameof(name));
        Unsafe.WriteUnaligned(start + variable.Offset, value);
    }

    /// <summary>The value that a <c>const volatile</c> global of the programs has in the file; null: there is none of that name and size.</summary>
    public T? Constant<T>(string name, string section = ".rodata")
        where T : unmanaged
    {
        if (Btf.Variable(section, name) is not { } variable || variable.Size != sizeof(T))
            return null;
        nuint size;
        var start = Libbpf.bpf_map__initial_value(Find(section), &size);
        return (nuint)(variable.Offset + variable.Size) <= size ? Unsafe.ReadUnaligned<T>(start + variable.Offset) : null;
    }

    /// <summary>Sets the most entries of a map, before it is created.</summary>
    public void SetMaxEntries(string map, uint entries) =>
        BpfException.Check(Libbpf.bpf_map__set_max_entries(Find(map), entries), $"set the entries of map {map} to {entries}");

    /// <summary>Uses a map there is in place of creating one.</summary>
    public void Reuse(string map, BpfMap existing) =>
        BpfException.Check(Libbpf.bpf_map__reuse_fd(Find(map), existing.Fd), $"use the existing map {map}");

    /// <summary>Leaves a program out of what is loaded, or takes it in.</summary>
    public void SetAutoload(string program, bool load) =>
        BpfException.Check(Libbpf.bpf_program__set_autoload(FindProgram(program), load ? (byte)1 : (byte)0), $"choose program {program}");

    /// <summary>Loads a program without what its section's name asks for, such as <c>xdp.frags</c> (frames of several buffers, Linux 5.18).</summary>
    public void ClearFlags(string program) =>
        BpfException.Check(Libbpf.bpf_program__set_flags(FindProgram(program), 0), $"clear the flags of program {program}");

    /// <summary>Creates the maps and loads the programs.</summary>
    /// <exception cref="BpfException">The kernel refuses something; the log is the verifier's.</exception>
    public void Load()
    {
        var (result, log) = LibbpfLog.Collect(() => Libbpf.bpf_object__load(handle));
        if (result < 0)
            throw new BpfException($"load {_path}", (Errno)(-result), log);
    }

    /// <summary>A loaded map. The caller owns it.</summary>
    public BpfMap Map(string name) => new(Duplicate(Libbpf.bpf_map__fd(Find(name)), name));

    /// <summary>A loaded program. The caller owns it.</summary>
    public BpfProgram Program(string name) => new(Duplicate(Libbpf.bpf_program__fd(FindProgram(name)), name));

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Libbpf.bpf_object__close(handle);
        return true;
    }

    private static BpfMapInfo DefinitionOf(nint map, string name) => new(
        (BpfMapType)Libbpf.bpf_map__type(map), 0, (int)Libbpf.bpf_map__key_size(map), (int)Libbpf.bpf_map__value_size(map),
        Libbpf.bpf_map__max_entries(map), (BpfMapFlags)Libbpf.bpf_map__map_flags(map), name, 0);

    private int Duplicate(int fd, string name)
    {
        BpfException.Check(fd, $"{_path}: take {name}, which is not loaded");
        var copy = Libc.fcntl(fd, Libc.DuplicateCloseOnExec, 0);
        return copy >= 0 ? copy : throw new BpfException($"take {name}", (Errno)Marshal.GetLastPInvokeError());
    }

    // libbpf calls a section of data by the object's name and the section's: xdp_lb.rodata.
    private nint Find(string map)
    {
        var found = map.StartsWith('.') ? FindSection(map) : Libbpf.bpf_object__find_map_by_name(handle, map);
        return found != 0 ? found : throw new ArgumentException($"{_path} has no map {map}", nameof(map));
    }

    private nint FindSection(string section)
    {
        for (var map = Libbpf.bpf_object__next_map(handle, 0); map != 0; map = Libbpf.bpf_object__next_map(handle, map))
        {
            if (Marshal.PtrToStringUTF8((nint)Libbpf.bpf_map__name(map))!.EndsWith(section, StringComparison.Ordinal)) // every map has a name
                return map;
        }

        return 0;
    }

    private nint FindProgram(string name)
    {
        var found = Libbpf.bpf_object__find_program_by_name(handle, name);
        return found != 0 ? found : throw new ArgumentException($"{_path} has no program {name}", nameof(name));
    }
}
