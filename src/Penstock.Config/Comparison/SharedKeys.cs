// SPDX-License-Identifier: Apache-2.0
using System.Collections;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Penstock.Config.Binding;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.L7;
using Penstock.Model.Schema;

namespace Penstock.Config.Comparison;

/// <summary>
/// What of a configuration is to be equal on all hosts that share virtual addresses: every key without a <see cref="PerHostAttribute"/> whose value is not the default,
/// so that a default that is written and one that is not are the same.
/// </summary>
public static class SharedKeys
{
    /// <summary>Lists them, sorted by path.</summary>
    public static IReadOnlyList<SharedKey> Of(ApplianceConfig config)
    {
        var keys = new List<SharedKey>();
        AddRecord(ShapeCatalog.Of(typeof(ApplianceConfig)), config, "", name: null, keys);
        keys.Sort((one, other) => string.CompareOrdinal(one.Path, other.Path));
        return keys;
    }

    // What names an item stands in its path.
    private static void AddRecord(RecordShape shape, object record, string path, RecordProperty? name, List<SharedKey> keys)
    {
        foreach (var property in shape.Properties)
        {
            if (ReferenceEquals(property, name) || property.Info.GetValue(record) is not { } value)
                continue;
            var at = path.Length == 0 ? property.Key : $"{path}.{property.Key}";
            if (property.Info.GetCustomAttribute<PerHostAttribute>() is { } perHost)
            {
                if (perHost.OnAllOrNone && ((IEnumerable)value).Cast<object>().Any())
                    keys.Add(new SharedKey(at, ""));
            }
            else if (property.Shape is RecordShape inner)
            {
                // That there is one at all says something where there may be none.
                if (property.Default is null)
                    keys.Add(new SharedKey(at, ""));
                AddRecord(inner, value, at, name: null, keys);
            }
            else if (property.Shape is IContainerShape container)
            {
                AddItems(container, value, at, keys);
            }
            else if (!value.Equals(property.Default))
            {
                keys.Add(new SharedKey(at, Text(property, value)));
            }
        }
    }

    private static void AddItems(IContainerShape container, object items, string path, List<SharedKey> keys)
    {
        if (items is IDictionary map)
        {
            foreach (DictionaryEntry entry in map)
                AddItem(container.Item, entry.Value, $"{path}.{entry.Key}", name: null, keys);
        }
        else if (container.Item is RecordShape record)
        {
            AddRecords(record, (IEnumerable)items, path, keys);
        }
        else
        {
            // A set of scalars: addresses, networks, methods.
            var texts = ((IEnumerable)items).Cast<object>().Select(item => Text(container.Item, item)).Order(StringComparer.Ordinal).ToArray();
            if (texts.Length > 0)
                keys.Add(new SharedKey(path, string.Join('\n', texts)));
        }
    }

    private static void AddItem(Shape shape, object? item, string path, RecordProperty? name, List<SharedKey> keys)
    {
        if (item is null)
            return;
        if (shape is IContainerShape container)
        {
            AddItems(container, item, path, keys);
            return;
        }

        keys.Add(new SharedKey(path, shape is RecordShape ? "" : Text(shape, item)));
        if (shape is RecordShape record)
            AddRecord(record, item, path, name, keys);
    }

    // A record's first key is what names it: a name, an address, a network.
    private static void AddRecords(RecordShape shape, IEnumerable items, string path, List<SharedKey> keys)
    {
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        var order = new List<string>();
        var first = shape.Properties[0];
        foreach (var item in items)
        {
            var name = first.Info.GetValue(item) is { } value ? Text(first, value) : "";
            names[name] = names.GetValueOrDefault(name) + 1;
            var named = names[name] == 1 ? name : $"{name}#{names[name]}";
            order.Add(named);
            AddItem(shape, item, $"{path}[{named}]", first, keys);
        }

        // Of routes that match alike the first is taken.
        if (shape.Type == typeof(RouteConfig) && order.Count > 1)
            keys.Add(new SharedKey($"{path}[]", string.Join('\n', order)));
    }

    // A listener's address may be the host's own; its port is what clients know.
    private static string Text(RecordProperty property, object value) =>
        value is SocketEndpoint { UnixPath: null } bind && property.Info.GetCustomAttribute<AddressAttribute>() is { Use: AddressUse.Bind }
            ? $":{bind.Port}"
            : Text(property.Shape, value);

    // Of a file of networks the networks count, not its name.
    private static string Text(Shape shape, object value) => value is SourceSet set
        ? Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(set.Prefixes.AsSpan())))
        : shape.Format(value) ?? "";
}
