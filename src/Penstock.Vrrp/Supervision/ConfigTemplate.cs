// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;
using HandlebarsDotNet;
using HandlebarsDotNet.Compiler;
using Penstock.Linux;

namespace Penstock.Vrrp.Supervision;

/// <summary>A template (Handlebars) of a program's configuration: the built-in one, or the operator's. Both get the same values, each checked before for what could end a line or a block.</summary>
internal sealed class ConfigTemplate
{
    private const int TemplateBytes = 1 << 20;
    private const string PlaceMark = "Occured at:";

    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly HandlebarsTemplate<object, object> _template;
    private readonly string _name, _text;

    private ConfigTemplate(string text, string name)
    {
        (_name, _text) = (name, text);
        try
        {
            _template = Handlebars.Create(new HandlebarsConfiguration { NoEscape = true, ThrowOnUnresolvedBindingExpression = true }).Compile(text);
        }
        catch (HandlebarsException error)
        {
            throw new AddressApplyException($"{name}{Place(error.Message)}", error);
        }
    }

    /// <summary>The template in a file; the built-in one where there is no such file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="builtIn">Name of the built-in one among the files of this assembly's <c>Templates</c>.</param>
    /// <exception cref="AddressApplyException">It can't be read, or is none.</exception>
    public static ConfigTemplate Load(string path, string builtIn)
    {
        try
        {
            if (!Path.Exists(path))
                return new ConfigTemplate(ReadBuiltIn(builtIn), "the built-in template");
            if (!FileKind.IsRegular(path))
                throw new AddressApplyException($"{path}: a folder, a named pipe or a device; expected a template, or nothing for the built-in one");
            return new FileInfo(path).Length <= TemplateBytes
                ? new ConfigTemplate(File.ReadAllText(path, s_strict), path)
                : throw new AddressApplyException($"{path}: a template of more than 1 MiB");
        }
        catch (DecoderFallbackException error)
        {
            throw new AddressApplyException($"{path}: not UTF-8; expected a template in UTF-8", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AddressApplyException($"{path}: {error.Message}", error);
        }
    }

    /// <summary>The text with these values.</summary>
    /// <exception cref="AddressApplyException">The template asks for what there is not.</exception>
    public string Render(IReadOnlyDictionary<string, object?> values)
    {
        try
        {
            return _template(values);
        }
        catch (HandlebarsUndefinedBindingException error)
        {
            throw new AddressApplyException($"{_name}:{LineOf(error.MissingKey)}: unknown value '{error.MissingKey}'; expected one of those that the built-in template has, in the place where it has it", error);
        }
        catch (HandlebarsException error)
        {
            throw new AddressApplyException($"{_name}{Place(error.Message)}", error);
        }
    }

    /// <summary>Sees to it that a text has what penstock can't do without.</summary>
    /// <param name="text">What came of the template.</param>
    /// <param name="part">What has to be in it.</param>
    /// <param name="what">What that is, for people.</param>
    /// <exception cref="AddressApplyException">It is not.</exception>
    public void Require(string text, string part, string what)
    {
        if (!text.Contains(part, StringComparison.Ordinal))
            throw new AddressApplyException($"{_name}: it leaves out the {what}");
    }

    private int LineOf(string key) => _text.AsSpan(0, Math.Max(_text.IndexOf(key, StringComparison.Ordinal), 0)).Count('\n') + 1;

    // "Reached unparseable token in expression: ...\n\nOccured at: 2:0", lines and columns from 0: on one line, the place first.
    private static string Place(string message)
    {
        var at = message.LastIndexOf(PlaceMark, StringComparison.Ordinal);
        var place = at >= 0 && int.TryParse(message[(at + PlaceMark.Length)..].Split(':')[0], CultureInfo.InvariantCulture, out var line)
            ? string.Create(CultureInfo.InvariantCulture, $":{line + 1}") : "";
        return $"{place}: {string.Join(' ', (at < 0 ? message : message[..at]).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))}";
    }

    private static string ReadBuiltIn(string name)
    {
        using var reader = new StreamReader(typeof(ConfigTemplate).Assembly.GetManifestResourceStream("Penstock.Vrrp.Templates." + name)!); // it is in this assembly
        return reader.ReadToEnd();
    }
}
