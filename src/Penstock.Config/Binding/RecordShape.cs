// SPDX-License-Identifier: Apache-2.0
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;
using Penstock.Model.Schema;

namespace Penstock.Config.Binding;

/// <summary>A configuration record: a mapping with known keys.</summary>
internal sealed class RecordShape : Shape
{
    private readonly ConstructorInfo? _positional;
    private readonly PropertyInfo? _fromKey;
    private readonly object? _blank;

    /// <summary>The shape of a record type.</summary>
    public RecordShape(Type type)
    {
        Type = type;
        _positional = type.GetConstructor(Type.EmptyTypes) is null ? type.GetConstructors()[0] : null;
        _blank = _positional is null ? Activator.CreateInstance(type) : null;
        var written = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.SetMethod is not null).OrderBy(p => p.DeclaringType == type).ToArray(); // a base record's first
        _fromKey = Array.Find(written, p => p.IsDefined(typeof(FromKeyAttribute)));
        Properties = [.. written.Where(p => p != _fromKey).Select(Describe)];
        Shorthand = type.GetCustomAttribute<ShorthandAttribute>()?.Key;
    }

    /// <summary>The record.</summary>
    public Type Type { get; }

    /// <summary>Its properties, as declared.</summary>
    public IReadOnlyList<RecordProperty> Properties { get; }

    /// <summary>The key that a scalar in place of the mapping stands for; null: none.</summary>
    public string? Shorthand { get; }

    /// <inheritdoc/>
    public override string Expected => Shorthand is null ? "a mapping" : $"a mapping, or its {Shorthand} alone";

    /// <inheritdoc/>
    public override string TypeName => Shorthand is null ? "mapping" : $"mapping, or its {Shorthand} alone";

    /// <inheritdoc/>
    public override bool MayBeEmpty => !Properties.Any(p => p.Required);

    /// <inheritdoc/>
    public override object? Bind(Node node, string path, DiagnosticSink sink) => BindNamed(node, name: null, path, sink);

    /// <summary>Reads a record that stands under a name.</summary>
    public object? BindNamed(Node node, string? name, string path, DiagnosticSink sink)
    {
        var values = new Dictionary<PropertyInfo, object>();
        if (_fromKey is not null && name is not null)
            values[_fromKey] = name;

        switch (node)
        {
            case RefusedNode:
                return null;
            case MappingNode mapping:
                BindEntries(mapping, path, values, sink);
                return Create(values);
            case ScalarNode { IsNull: false } when Shorthand is not null:
                var property = Properties.First(p => string.Equals(p.Key, Shorthand, StringComparison.Ordinal));
                if (property.Shape.Bind(node, path, sink) is { } value)
                    values[property.Info] = value;

                return Create(values);
            default:
                sink.Error(node, path, node.Describe(), Expected);
                return null;
        }
    }

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => definitions.Reference(this);

    /// <inheritdoc/>
    public override string? Format(object value) => null;

    private void BindEntries(MappingNode mapping, string path, Dictionary<PropertyInfo, object> values, DiagnosticSink sink)
    {
        foreach (var (key, node) in mapping.Entries)
        {
            if (sink.IsFull)
                return;

            var property = Properties.FirstOrDefault(p => string.Equals(p.Key, key.Text, StringComparison.Ordinal));
            if (property is null)
            {
                var keys = Properties.Select(p => p.Key).ToArray();
                sink.Error(key, path, $"unknown key {Printable.Quote(key.Text)}", Words.OneOf(keys), Nearest.Find(key.Text, keys));
                continue;
            }

            if (node is ScalarNode { IsNull: true } && property.Shape.MayBeEmpty && (property.Default is not null || property.Required))
                continue;

            var at = path.Length == 0 ? property.Key : $"{path}.{property.Key}";
            if (property.Shape.Bind(node, at, sink) is { } value)
                values[property.Info] = value;
        }

        if (mapping.Incomplete)
            return;

        foreach (var missing in Properties.Where(p => p.Required && mapping.IndexOf(p.Key) < 0))
            sink.Error(mapping, path, $"no key '{missing.Key}'", missing.Shape.Expected);
    }

    private object Create(Dictionary<PropertyInfo, object> values)
    {
        if (_positional is not null)
            return _positional.Invoke([.. _positional.GetParameters().Select(p => Argument(p, values))]);

        var record = Activator.CreateInstance(Type)!; // Records are classes: never null.
        foreach (var (property, value) in values)
            property.SetValue(record, value);

        return record;
    }

    private object? Argument(ParameterInfo parameter, Dictionary<PropertyInfo, object> values) =>
        values.TryGetValue(Type.GetProperty(parameter.Name!)!, out var value) ? value // A record's parameters are its properties.
        : parameter.HasDefaultValue ? parameter.DefaultValue
        : null;

    private RecordProperty Describe(PropertyInfo property)
    {
        var key = property.GetCustomAttribute<KeyAttribute>()?.Name ?? Words.SnakeCase(property.Name);
        var parameter = _positional?.GetParameters().First(p => string.Equals(p.Name, property.Name, StringComparison.Ordinal));
        var required = parameter is not null
            ? !parameter.HasDefaultValue
            : property.IsDefined(typeof(RequiredMemberAttribute)) && !property.IsDefined(typeof(FilledInAttribute));
        var defaultValue = required ? null : parameter is not null ? parameter.DefaultValue : property.GetValue(_blank);
        return new RecordProperty(key, property, ShapeCatalog.Of(property), required, defaultValue);
    }
}
