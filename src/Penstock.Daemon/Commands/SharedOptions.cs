// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.Daemon.Commands;

/// <summary>Options that several commands take. An option belongs to one command, so each call makes a new one.</summary>
internal static class SharedOptions
{
    /// <summary>Where the configuration is unless told otherwise.</summary>
    public const string DefaultConfigPath = "/etc/penstock/penstock.yaml";

    /// <summary>--config of the commands that read the configuration.</summary>
    public static Option<string> Config() => new("--config", "-c")
    {
        Description = "The configuration file; conf.d/*.yaml beside it is merged in.",
        HelpName = "PATH",
        DefaultValueFactory = _ => DefaultConfigPath,
    };

    /// <summary>--config of the commands that talk to a daemon: only tells where its socket is.</summary>
    public static Option<string?> ConfigOfDaemon() => new("--config", "-c")
    {
        Description = "Take the admin socket's path from this configuration file.",
        HelpName = "PATH",
    };

    /// <summary>--socket.</summary>
    public static Option<string?> Socket() => new("--socket", "-s")
    {
        Description = $"The daemon's admin socket [default: {new AdminConfig().Socket}].",
        HelpName = "PATH",
    };

    /// <summary>--pins.</summary>
    public static Option<string?> Pins() => new("--pins")
    {
        Description = $"Folder the L4 tier is pinned in, in place of l4.pins [default: {new L4Config().Pins}].",
        HelpName = "PATH",
    };

    /// <summary>--why.</summary>
    public static Option<string?> Why() => new Option<string?>("--why") { Description = "Why, for status and who comes after.", HelpName = "TEXT" }.AsLine();

    /// <summary>--output.</summary>
    public static Option<OutputFormat> Output() => new Option<OutputFormat>("--output", "-o")
    {
        Description = "text for people (the default) or json for programs.",
        HelpName = "json|text",
    }.AsWord();
}
