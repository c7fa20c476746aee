// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;

namespace Penstock.Daemon.Commands;

/// <summary>A command whose help ends with an example.</summary>
internal sealed class ExampledCommand(string name, string description, string example) : Command(name, description)
{
    /// <summary>A command line to copy.</summary>
    public string Example => example;
}
