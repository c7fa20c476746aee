// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Text;

namespace Penstock.Linux.Bpf;

/// <summary>Types as the compiler wrote them into an object (BPF Type Format, Documentation/bpf/btf.rst): structs, enums, variables.</summary>
public sealed unsafe class Btf
{
    private const ushort Magic = 0xEB9F;
    private const int PointerSize = 8;
    private const int TypeBytes = 12; // sizeof(struct btf_type)

    private readonly byte[] _data;
    private readonly int _strings;
    private readonly List<int> _types = [0]; // where each type starts; 0 is void

    private Btf(byte[] data)
    {
        // struct btf_header: magic, version, flags, hdr_len, type_off, type_len, str_off, str_len.
        _data = data;
        if (data.Length < 24 || BinaryPrimitives.ReadUInt16LittleEndian(data) != Magic)
            throw new FormatException("no BTF");
        var header = Word(4);
        _strings = header + Word(16);
        var at = header + Word(8);
        var end = at + Word(12);
        while (at < end)
        {
            _types.Add(at);
            at += TypeBytes + (Kind(at) switch
            {
                BtfKind.Integer or BtfKind.Variable or BtfKind.DeclarationTag => 4,
                BtfKind.Array => 12,
                BtfKind.Struct or BtfKind.Union or BtfKind.DataSection or BtfKind.Enum64 => 12 * Count(at),
                BtfKind.Enum or BtfKind.FunctionPrototype => 8 * Count(at),
                _ => 0,
            });
        }
    }

    /// <summary>The types of a loaded object, by the number in a map's info.</summary>
    public static Btf OfKernel(uint id)
    {
        var handle = Libbpf.btf__load_from_kernel_by_id(id);
        if (handle == 0)
            throw new BpfException($"read BTF {id}", (Errno)System.Runtime.InteropServices.Marshal.GetLastPInvokeError());
        try
        {
            return OfHandle(handle, $"BTF {id}");
        }
        finally
        {
            Libbpf.btf__free(handle);
        }
    }

    /// <summary>A struct or union by its tag; null: there is none.</summary>
    public BtfStruct? Struct(string name)
    {
        var at = Find(name, BtfKind.Struct);
        if (at == 0)
            at = Find(name, BtfKind.Union);
        if (at == 0)
            return null;

        var bitFields = (uint)Word(at + 4) >> 31 != 0;
        var fields = new BtfField[Count(at)];
        for (var i = 0; i < fields.Length; i++)
        {
            var member = at + TypeBytes + (12 * i);
            var bits = bitFields ? Word(member + 8) & 0xFFFFFF : Word(member + 8);
            fields[i] = new BtfField(Text(Word(member)), bits / 8, SizeOf(Word(member + 4)));
        }

        return new BtfStruct(name, Word(at + 8), fields);
    }

    /// <summary>Values of an enum by name; null: there is none.</summary>
    public IReadOnlyDictionary<string, long>? Enum(string name)
    {
        var at = Find(name, BtfKind.Enum);
        if (at == 0)
            return null;

        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var i = 0; i < Count(at); i++)
            values.Add(Text(Word(at + TypeBytes + (8 * i))), Word(at + TypeBytes + (8 * i) + 4));
        return values;
    }

    /// <summary>A global variable by the section it lies in, such as <c>.rodata</c>; null: there is none.</summary>
    public BtfField? Variable(string section, string name)
    {
        var at = Find(section, BtfKind.DataSection);
        for (var i = 0; at != 0 && i < Count(at); i++)
        {
            var entry = at + TypeBytes + (12 * i);
            if (Text(Word(_types[Word(entry)])) == name)
                return new BtfField(name, Word(entry + 4), Word(entry + 8));
        }

        return null;
    }

    internal static Btf OfHandle(nint handle, string path)
    {
        if (handle == 0)
            throw new FormatException($"{path} has no BTF: compile it with -g");
        uint size;
        var data = Libbpf.btf__raw_data(handle, &size);
        return new Btf(new ReadOnlySpan<byte>(data, (int)size).ToArray());
    }

    private int SizeOf(int type)
    {
        for (var depth = 0; depth < _types.Count; depth++)
        {
            var at = _types[type];
            switch (at == 0 ? BtfKind.Void : Kind(at))
            {
                case BtfKind.Pointer:
                    return PointerSize;
                case BtfKind.Array:
                    return Word(at + TypeBytes + 8) * SizeOf(Word(at + TypeBytes));
                case BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.TypeTag or BtfKind.Variable:
                    type = Word(at + 8);
                    break;
                case BtfKind.Integer or BtfKind.Struct or BtfKind.Union or BtfKind.Enum or BtfKind.Enum64 or BtfKind.Float:
                    return Word(at + 8);
                default:
                    return 0;
            }
        }

        return 0;
    }

    private int Find(string name, BtfKind kind) => _types.Find(at => at != 0 && Kind(at) == kind && Text(Word(at)) == name);

    private BtfKind Kind(int at) => (BtfKind)((Word(at + 4) >> 24) & 0x1F);

    private int Count(int at) => Word(at + 4) & 0xFFFF;

    private int Word(int at) => BinaryPrimitives.ReadInt32LittleEndian(_data.AsSpan(at));

    private string Text(int offset)
    {
        var rest = _data.AsSpan(_strings + offset);
        return Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)0)]);
    }
}
