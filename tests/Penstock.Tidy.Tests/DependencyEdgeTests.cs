// SPDX-License-Identifier: Apache-2.0
using System.Xml.Linq;

namespace Penstock.Tidy.Tests;

/// <summary>Projects depend on one another as the picture of the architecture says, in no other way.</summary>
public sealed class DependencyEdgeTests
{
    /// <summary>Model &lt;- everything; Linux &lt;- L4, L7, Vrrp, Health, Discovery; Http2 &lt;- L7, Health; ControlPlane -> Discovery, Health, L4, Vrrp, L7; Daemon -> all.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Model"] = [],
        ["Linux"] = [],
        ["Http2"] = [],
        ["Config"] = ["Model"],
        ["Telemetry"] = ["Model"],
        ["Discovery"] = ["Model", "Linux"],
        ["Health"] = ["Model", "Linux", "Http2"],
        ["L4"] = ["Model", "Linux"],
        ["L7"] = ["Model", "Linux", "Http2"],
        ["Vrrp"] = ["Model", "Linux"],
        ["ControlPlane"] = ["Model", "Discovery", "Health", "L4", "L7", "Vrrp"],
        ["Daemon"] = ["Model", "Linux", "Config", "Telemetry", "Discovery", "Health", "L4", "L7", "Vrrp", "ControlPlane"],
    };

    [Fact]
    public void ProjectReferences_OfTheSources_AreInThePicture()
    {
        var projects = Repository.WithEnding(".csproj").Where(path => path.StartsWith("src/", StringComparison.Ordinal)).ToList();
        projects.ShouldNotBeEmpty();

        var wrong =
            from path in projects
            from target in References(path)
            let source = ShortName(path)
            where !Allowed.TryGetValue(source, out var targets) || !targets.Contains(target)
            select $"{source} -> {target}";

        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Tests_OfEachSourceProject_Exist()
    {
        var tests = Repository.WithEnding(".Tests.csproj").Select(ShortName).ToList();

        Repository.WithEnding(".csproj").Where(path => path.StartsWith("src/", StringComparison.Ordinal))
            .Select(ShortName).Where(name => !tests.Contains(name + ".Tests")).ShouldBeEmpty();
    }

    [Fact]
    public void Solution_Lists_EverySourceAndTestProject()
    {
        var solution = Repository.Read("Appliance.sln");

        // Benchmarks stand apart: nothing else needs their packages.
        Repository.WithEnding(".csproj").Where(path => !path.StartsWith("perf/", StringComparison.Ordinal) && !solution.Contains(path.Replace('/', '\\'), StringComparison.Ordinal)).ShouldBeEmpty();
    }

    private static IEnumerable<string> References(string project) =>
        XDocument.Parse(Repository.Read(project)).Descendants("ProjectReference")
            .Select(reference => ShortName(reference.Attribute("Include")!.Value)); // a reference without Include does not build

    private static string ShortName(string project) =>
        Path.GetFileNameWithoutExtension(project.Replace('\\', '/'))["Penstock.".Length..];
}
