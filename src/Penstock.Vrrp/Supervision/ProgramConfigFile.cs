// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Text;
using Penstock.Linux;

namespace Penstock.Vrrp.Supervision;

/// <summary>
/// The configuration file of one program, always the last good one, which nobody else may read; and which text the program has been told to read, for who comes after this daemon.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="run">Folder of the program's run-time files.</param>
internal sealed class ProgramConfigFile(string path, string run)
{
    private readonly string _marker = Path.Combine(run, "loaded");

    /// <summary>Where a text is before it is known to be good.</summary>
    public string Candidate { get; } = path + ".new";

    /// <summary>The text in the file; null: there is none.</summary>
    public string? Text { get; private set; } = File.Exists(path) ? File.ReadAllText(path) : null;

    /// <summary>Whether the program runs by a text, provided that it runs.</summary>
    public bool IsLoaded(string text) => Text == text && File.Exists(_marker) && File.ReadAllText(_marker) == Digest(text);

    /// <summary>Writes a text to be checked.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Propose(string text) => DurableFile.Prepare(Candidate, Encoding.UTF8.GetBytes(text));

    /// <summary>Puts the checked text in place of the one before.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Accept(string text)
    {
        File.Delete(_marker);
        DurableFile.Rename(Candidate, path);
        Text = text;
    }

    /// <summary>Puts back what was there.</summary>
    /// <param name="text">Null: nothing was.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Restore(string? text)
    {
        if (text is null)
        {
            File.Delete(path);
            Text = null;
            return;
        }

        Propose(text);
        Accept(text);
    }

    /// <summary>Notes that the program has been told to read the file.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Loaded() => File.WriteAllText(_marker, Digest(Text ?? ""));

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
