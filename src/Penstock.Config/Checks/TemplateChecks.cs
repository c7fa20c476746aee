// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Checks;

/// <summary>A template that is named is there. What is in it the program judges that reads what comes of it.</summary>
internal static class TemplateChecks
{
    /// <summary>Checks it.</summary>
    /// <param name="path">The template; null: none that could be read.</param>
    /// <param name="at">What has it as its key <c>template</c>.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(string? path, Cursor at, DiagnosticSink sink)
    {
        if (path is not null && at.Has("template") && !Path.Exists(path))
            sink.Error(at["template"].Node, at["template"].Path, $"{path}: no such file", "a template, or no key for the built-in one");
    }
}
