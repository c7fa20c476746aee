// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Bpf;

/// <summary>
/// Imports from libbpf 1.x. Calls that give an int give a negative errno on failure; those that give a pointer
/// give null and set errno.
/// </summary>
internal static unsafe partial class Libbpf
{
    private const string Library = "libbpf.so.1";

    [LibraryImport(Library)]
    internal static partial nint libbpf_set_print(delegate* unmanaged<int, byte*, nint, int> print);

    [LibraryImport(Library)]
    internal static partial int libbpf_num_possible_cpus();

    [LibraryImport(Library)]
    internal static partial int libbpf_probe_bpf_helper(int programType, int helper, nint options);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint bpf_object__open_file(string path, nint options);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint bpf_object__open_mem(nint contents, nuint size, nint options);

    [LibraryImport(Library)]
    internal static partial int bpf_object__load(nint obj);

    [LibraryImport(Library)]
    internal static partial void bpf_object__close(nint obj);

    [LibraryImport(Library)]
    internal static partial nint bpf_object__btf(nint obj);

    [LibraryImport(Library)]
    internal static partial nint bpf_object__next_map(nint obj, nint map);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint bpf_object__find_map_by_name(nint obj, string name);

    [LibraryImport(Library)]
    internal static partial nint bpf_object__next_program(nint obj, nint program);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint bpf_object__find_program_by_name(nint obj, string name);

    [LibraryImport(Library)]
    internal static partial byte* bpf_map__name(nint map);

    [LibraryImport(Library)]
    internal static partial int bpf_map__fd(nint map);

    [LibraryImport(Library)]
    internal static partial int bpf_map__type(nint map);

    [LibraryImport(Library)]
    internal static partial uint bpf_map__map_flags(nint map);

    [LibraryImport(Library)]
    internal static partial uint bpf_map__key_size(nint map);

    [LibraryImport(Library)]
    internal static partial uint bpf_map__value_size(nint map);

    [LibraryImport(Library)]
    internal static partial uint bpf_map__max_entries(nint map);

    [LibraryImport(Library)]
    internal static partial int bpf_map__set_max_entries(nint map, uint entries);

    [LibraryImport(Library)]
    internal static partial int bpf_program__set_flags(nint program, uint flags);

    [LibraryImport(Library)]
    internal static partial int bpf_map__reuse_fd(nint map, int fd);

    [LibraryImport(Library)]
    internal static partial byte* bpf_map__initial_value(nint map, nuint* size);

    [LibraryImport(Library)]
    internal static partial nint bpf_map__inner_map(nint map);

    [LibraryImport(Library)]
    internal static partial byte* bpf_program__name(nint program);

    [LibraryImport(Library)]
    internal static partial int bpf_program__fd(nint program);

    [LibraryImport(Library)]
    internal static partial int bpf_program__set_autoload(nint program, byte load);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int bpf_map_create(int type, string name, uint keySize, uint valueSize, uint entries, MapCreateOptions* options);

    [LibraryImport(Library)]
    internal static partial int bpf_map_update_elem(int fd, void* key, void* value, ulong flags);

    [LibraryImport(Library)]
    internal static partial int bpf_map_lookup_elem(int fd, void* key, void* value);

    [LibraryImport(Library)]
    internal static partial int bpf_map_delete_elem(int fd, void* key);

    [LibraryImport(Library)]
    internal static partial int bpf_map_get_next_key(int fd, void* key, void* next);

    [LibraryImport(Library)]
    internal static partial int bpf_map_update_batch(int fd, void* keys, void* values, uint* count, MapBatchOptions* options);

    [LibraryImport(Library)]
    internal static partial int bpf_map_delete_batch(int fd, void* keys, uint* count, MapBatchOptions* options);

    [LibraryImport(Library)]
    internal static partial int bpf_map_lookup_batch(int fd, void* place, void* next, void* keys, void* values, uint* count, MapBatchOptions* options);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int bpf_obj_pin(int fd, string path);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int bpf_obj_get(string path);

    [LibraryImport(Library)]
    internal static partial int bpf_obj_get_info_by_fd(int fd, void* info, uint* length);

    [LibraryImport(Library)]
    internal static partial int bpf_map_get_fd_by_id(uint id);

    [LibraryImport(Library)]
    internal static partial int bpf_prog_get_fd_by_id(uint id);

    [LibraryImport(Library)]
    internal static partial int bpf_prog_test_run_opts(int fd, TestRunOptions* options);

    [LibraryImport(Library)]
    internal static partial int bpf_link_create(int program, int target, int attachType, LinkCreateOptions* options);

    [LibraryImport(Library)]
    internal static partial int bpf_link_update(int link, int program, nint options);

    [LibraryImport(Library)]
    internal static partial int bpf_link_detach(int link);

    [LibraryImport(Library)]
    internal static partial int bpf_xdp_query(int ifindex, int flags, XdpQueryOptions* options);

    [LibraryImport(Library)]
    internal static partial int bpf_tc_hook_create(TcHook* hook);

    [LibraryImport(Library)]
    internal static partial int bpf_tc_hook_destroy(TcHook* hook);

    [LibraryImport(Library)]
    internal static partial int bpf_tc_attach(TcHook* hook, TcOptions* options);

    [LibraryImport(Library)]
    internal static partial int bpf_tc_detach(TcHook* hook, TcOptions* options);

    [LibraryImport(Library)]
    internal static partial int bpf_tc_query(TcHook* hook, TcOptions* options);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint ring_buffer__new(int map, delegate* unmanaged<nint, byte*, nuint, int> sample, nint context, nint options);

    [LibraryImport(Library)]
    internal static partial int ring_buffer__poll(nint ring, int timeoutMilliseconds);

    [LibraryImport(Library)]
    internal static partial int ring_buffer__epoll_fd(nint ring);

    [LibraryImport(Library)]
    internal static partial void ring_buffer__free(nint ring);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint btf__load_from_kernel_by_id(uint id);

    [LibraryImport(Library)]
    internal static partial byte* btf__raw_data(nint btf, uint* size);

    [LibraryImport(Library)]
    internal static partial void btf__free(nint btf);

    /// <summary>struct bpf_map_create_opts (bpf/bpf.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MapCreateOptions
    {
        internal nuint Size;
        internal uint BtfFd;
        internal uint BtfKeyType;
        internal uint BtfValueType;
        internal uint BtfKernelValueType;
        internal uint InnerMapFd;
        internal uint Flags;
        internal ulong Extra;
        internal uint NumaNode;
        internal uint InterfaceIndex;
    }

    /// <summary>struct bpf_map_batch_opts (bpf/bpf.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MapBatchOptions
    {
        internal nuint Size;
        internal ulong ElementFlags;
        internal ulong Flags;
    }

    /// <summary>struct bpf_test_run_opts (bpf/bpf.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TestRunOptions
    {
        internal nuint Size;
        internal void* DataIn;
        internal void* DataOut;
        internal uint DataInLength;
        internal uint DataOutLength;
        internal void* ContextIn;
        internal void* ContextOut;
        internal uint ContextInLength;
        internal uint ContextOutLength;
        internal uint ReturnValue;
        internal int Repeat;
        internal uint Duration;
        internal uint Flags;
        internal uint Cpu;
        internal uint BatchSize;
    }

    /// <summary>struct bpf_link_create_opts (bpf/bpf.h), the size of its largest member.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    internal struct LinkCreateOptions
    {
        internal nuint Size;
        internal uint Flags;
    }

    /// <summary>struct bpf_tc_hook (bpf/libbpf.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TcHook
    {
        internal nuint Size;
        internal int InterfaceIndex;
        internal int AttachPoint;
        internal uint Parent;
    }

    /// <summary>struct bpf_tc_opts (bpf/libbpf.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TcOptions
    {
        internal nuint Size;
        internal int ProgramFd;
        internal uint Flags;
        internal uint ProgramId;
        internal uint Handle;
        internal uint Priority;
    }

    /// <summary>struct bpf_xdp_query_opts (bpf/libbpf.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct XdpQueryOptions
    {
        internal nuint Size;
        internal uint ProgramId;
        internal uint DriverProgramId;
        internal uint HardwareProgramId;
        internal uint GenericProgramId;
        internal byte AttachMode;
    }
}
