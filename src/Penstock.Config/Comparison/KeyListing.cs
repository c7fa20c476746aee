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

/// <summary>Lists the keys of a configuration by their paths.</summary>
/// <param name="ofAllHosts">
/// Whether only what hosts that share virtual addresses are to have equal is listed, in a form that is the same on all of them: no key with a <see cref="PerHostAttribute"/>, of sets of scalars
/// not the order, of files of networks not the name, of addresses to bind to the port.
/// </param>
internal sealed class KeyListing(bool ofAllHosts)
{
    /// <summary>Digits of the hash that stands for what is in a file of networks.</summary>
    private const int FileDigits = 12;

    private readonly List<ConfigKey> _keys = [];

    /// <summary>Every key that has a value, its default or another, sorted by path.</summary>
    public IReadOnlyList<ConfigKey> Of(ApplianceConfig config)
    {
        _keys.Clear();
        AddRecord(ShapeCatalog.Of(typeof(ApplianceConfig)), config, "", name: null);
        _keys.Sort((one, other) => string.CompareOrdinal(one.Path, other.Path));
        return [.. _keys];
    }

    // What names an item stands in its path.
    private void AddRecord(RecordShape shape, object record, string path, RecordProperty? name)
    {
        foreach (var property in shape.Properties)
        {
            if (ReferenceEquals(property, name) || property.Info.GetValue(record) is not { } value)
                continue;
            var at = path.Length == 0 ? property.Key : $"{path}.{property.Key}";
            if (ofAllHosts && property.Info.GetCustomAttribute<PerHostAttribute>() is { } perHost)
            {
                if (perHost.OnAllOrNone && ((IEnumerable)value).Cast<object>().Any())
                    _keys.Add(new ConfigKey(at, "", IsDefault: false));
            }
            else if (property.Shape is RecordShape inner)
            {
                // That there is one at all says something where there may be none.
                if (property.Default is null)
                    _keys.Add(new ConfigKey(at, "", IsDefault: false));
                AddRecord(inner, value, at, name: null);
            }
            else if (property.Shape is IContainerShape container)
            {
                AddItems(container, value, at);
            }
            else
            {
                _keys.Add(new ConfigKey(at, Text(property, value), value.Equals(property.Default)));
            }
        }
    }

    private void AddItems(IContainerShape container, object items, string path)
    {
        if (items is IDictionary map)
        {
            foreach (DictionaryEntry entry in map)
                AddItem(container.Item, entry.Value, $"{path}.{entry.Key}", name: null);
        }
        else if (container.Item is RecordShape record)
        {
            AddRecords(record, (IEnumerable)items, path);
        }
        else
        {
            // A set of scalars: addresses, networks, methods.
            var texts = ((IEnumerable)items).Cast<object>().Select(item => Text(container.Item, item));
            string[] listed = ofAllHosts ? [.. texts.Order(StringComparer.Ordinal)] : [.. texts];
            if (listed.Length > 0)
                _keys.Add(new ConfigKey(path, string.Join('\n', listed), IsDefault: false));
        }
    }

    private void AddItem(Shape shape, object? item, string path, RecordProperty? name)
    {
        if (item is null)
            return;
        if (shape is IContainerShape container)
        {
            AddItems(container, item, path);
            return;
        }

        _keys.Add(new ConfigKey(path, shape is RecordShape ? "" : Text(shape, item), IsDefault: false));
        if (shape is RecordShape record)
            AddRecord(record, item, path, name);
    }

    // A record's first key is what names it: a name, an address, a network.
    private void AddRecords(RecordShape shape, IEnumerable items, string path)
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
            AddItem(shape, item, $"{path}[{named}]", first);
        }

        // Of routes that match alike the first is taken.
        if (shape.Type == typeof(RouteConfig) && order.Count > 1)
            _keys.Add(new ConfigKey($"{path}{ConfigKey.Order}", string.Join('\n', order), IsDefault: false));
    }

    // A listener's address may be the host's own; its port is what clients know.
    private string Text(RecordProperty property, object value) =>
        ofAllHosts && value is SocketEndpoint { UnixPath: null } bind && property.Info.GetCustomAttribute<AddressAttribute>() is { Use: AddressUse.Bind }
            ? $":{bind.Port}"
            : Text(property.Shape, value);

    // Of a file of networks the networks count.
    private string Text(Shape shape, object value)
    {
        if (value is not SourceSet set)
            return shape.Format(value) ?? "";
        if (!ofAllHosts && !set.IsFile)
            return set.Text;
        var hash = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(set.Prefixes.AsSpan())));
        return ofAllHosts ? hash : $"{set.Text} (SHA-256 {hash[..FileDigits]})";
    }
}
