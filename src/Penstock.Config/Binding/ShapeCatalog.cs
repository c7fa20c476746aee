// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Reflection;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.L7;
using Penstock.Model.Schema;
using Penstock.Model.Vrrp;

namespace Penstock.Config.Binding;

/// <summary>Which type is written in which way. A record needs no line here; another kind of scalar needs one.</summary>
internal static class ShapeCatalog
{
    private static readonly ConcurrentDictionary<Type, RecordShape> s_records = new();

    /// <summary>The shape of a record type.</summary>
    public static RecordShape Of(Type record) => s_records.GetOrAdd(record, static type => new RecordShape(type));

    /// <summary>The shape of a property's value.</summary>
    public static Shape Of(PropertyInfo property) => Of(property.PropertyType, property);

    private static Shape Of(Type type, PropertyInfo property)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Of(underlying, property);

        if (type.IsEnum)
            return new EnumShape(type);

        if (type.IsGenericType)
            return Collection(type, property);

        return type switch
        {
            _ when type == typeof(bool) => new BooleanShape(),
            _ when type == typeof(int) || type == typeof(uint) || type == typeof(long) => Number(type, property),
            _ when type == typeof(TimeSpan) => Duration(property),
            _ when type == typeof(string) => Text(property),
            _ when type == typeof(SocketEndpoint) => Address(property),
            _ when type == typeof(IPAddress) => new HostAddressShape(),
            _ when type == typeof(ServiceAddress) => new ServiceAddressShape(),
            _ when type == typeof(SourceSet) => new SourceSetShape(),
            _ when type == typeof(PortRange) => new PortRangeShape(),
            _ when type == typeof(IPNetwork) => new NetworkShape(),
            _ when type == typeof(InterfaceAddress) => new InterfaceAddressShape(),
            _ when type == typeof(StatusRange) => new StatusRangeShape(),
            _ => Of(type),
        };
    }

    private static Shape Collection(Type type, PropertyInfo property)
    {
        var definition = type.GetGenericTypeDefinition();
        var item = type.GetGenericArguments()[^1];
        var shape = definition == typeof(ImmutableArray<>) ? typeof(ListShape<>)
            : definition == typeof(ImmutableSortedDictionary<,>) ? typeof(MapShape<>)
            : throw new InvalidOperationException($"{property.DeclaringType}.{property.Name}: no YAML form for {type}.");
        return (Shape)Activator.CreateInstance(shape.MakeGenericType(item), Of(item, property))!; // A class: never null.
    }

    private static Shape Number(Type type, PropertyInfo property)
    {
        var range = property.GetCustomAttribute<RangeAttribute>();
        var allowed = property.GetCustomAttribute<AllowedAttribute>()?.Values ?? [];
        if (property.GetCustomAttribute<UnitAttribute>() is not { } unit)
            return allowed.Count > 0 ? new IntegerShape(0, 0, allowed) : new IntegerShape(Bound(Range().Min), Bound(Range().Max), [], unsigned: type == typeof(uint));

        if (unit.Unit == Unit.Percent)
            return new PercentShape((int)Bound(Range().Min), (int)Bound(Range().Max));
        return new SizeShape(Range().Min, Range().Max, unit.Unit == Unit.BytesPerSecond ? "/s" : "", wide: type == typeof(long));

        RangeAttribute Range() => range ?? throw Missing(property, nameof(RangeAttribute));
        static long Bound(string text) => long.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static DurationShape Duration(PropertyInfo property) =>
        property.GetCustomAttribute<RangeAttribute>() is { } range
            ? new DurationShape(range.Min, range.Max)
            : throw Missing(property, nameof(RangeAttribute));

    private static TextShape Text(PropertyInfo property)
    {
        var allowed = property.GetCustomAttribute<AllowedAttribute>()?.Values ?? [];
        var form = property.GetCustomAttribute<TextAttribute>()?.Form;
        return form is null && allowed.Count == 0 ? throw Missing(property, nameof(TextAttribute)) : new TextShape(form ?? TextForm.Label, allowed);
    }

    private static AddressShape Address(PropertyInfo property) =>
        property.GetCustomAttribute<AddressAttribute>() is { } address
            ? new AddressShape(address.Use, address.DefaultPort)
            : throw Missing(property, nameof(AddressAttribute));

    private static InvalidOperationException Missing(PropertyInfo property, string attribute) =>
        new($"{property.DeclaringType}.{property.Name} needs a {attribute}.");
}
