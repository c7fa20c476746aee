// SPDX-License-Identifier: Apache-2.0
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Penstock.Config.Binding;

namespace Penstock.Config.Schema;

/// <summary>Descriptions of records and their properties: the documentation comments in Penstock.Model, embedded as the compiler writes them.</summary>
internal sealed class RecordDescriptions
{
    private const string Resource = "Penstock.Model.xml";

    private readonly Dictionary<string, XElement> _members;

    private RecordDescriptions(XDocument document) => _members = document
        .Descendants("member")
        .ToDictionary(m => (string?)m.Attribute("name") ?? "", m => m, StringComparer.Ordinal);

    /// <summary>Reads them.</summary>
    public static RecordDescriptions Load()
    {
        using var stream = typeof(RecordDescriptions).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The resource {Resource} is missing.");
        return new RecordDescriptions(XDocument.Load(stream));
    }

    /// <summary>A record's summary.</summary>
    public string Of(Type type) => Text(_members[$"T:{type.FullName}"].Element("summary"));

    /// <summary>A property's summary; of a positional record, its parameter's.</summary>
    public string Of(PropertyInfo property)
    {
        var type = property.DeclaringType!.FullName; // A property of a record is declared somewhere.
        if (_members.TryGetValue($"P:{type}.{property.Name}", out var member) && member.Element("summary") is { } summary)
            return Text(summary);

        return Text(_members[$"T:{type}"].Elements("param").First(p => string.Equals((string?)p.Attribute("name"), property.Name, StringComparison.Ordinal)));
    }

    private static string Text(XElement? element) =>
        Regex.Replace(string.Concat((element ?? new XElement("none")).Nodes().Select(Text)), "\\s+", " ", RegexOptions.NonBacktracking).Trim();

    private static string Text(XNode node) => node switch
    {
        XElement { Name.LocalName: "see" } see => Words.SnakeCase(((string?)see.Attribute("cref") ?? "").Split('.')[^1]),
        XElement element => element.Value,
        XText text => text.Value,
        _ => "",
    };
}
