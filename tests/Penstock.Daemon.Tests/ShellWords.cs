// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.Daemon.Tests;

/// <summary>Splits lines of shell into the commands in them, as far as documents use its grammar: quotes, comments, lists, pipes, redirections, loops, and continued lines.</summary>
internal static class ShellWords
{
    private static readonly string[] s_leading = ["do", "then", "else", "if", "while", "until", "!", "{", "-", "time"];

    /// <summary>Words of each command, without the words of the grammar before it, its redirections, and what sets variables for it.</summary>
    public static IReadOnlyList<string[]> Commands(string text)
    {
        var commands = new List<string[]>();
        var words = new List<string>();
        var word = new StringBuilder();
        var (isWord, quote) = (false, '\0');
        for (var i = 0; i < text.Length; i++)
        {
            var letter = text[i];
            if (quote != '\0')
            {
                if (letter == quote)
                    quote = '\0';
                else
                    word.Append(letter);
            }
            else if (letter is '\'' or '"')
            {
                (quote, isWord) = (letter, true);
            }
            else if (letter == '\\' && i + 1 < text.Length)
            {
                if (text[++i] != '\n')
                {
                    word.Append(text[i]);
                    isWord = true;
                }
            }
            else if (letter == '#' && !isWord)
            {
                i = text.IndexOf('\n', i) is >= 0 and var end ? end - 1 : text.Length;
            }
            else if (letter is ' ' or '\t')
            {
                EndWord();
            }
            else if (letter is '\n' or ';' or '|' or '&' or '(' or ')' && !(letter == '&' && word is [.., '>' or '<']))
            {
                EndCommand();
            }
            else
            {
                word.Append(letter);
                isWord = true;
            }
        }

        EndCommand();
        return commands;

        void EndWord()
        {
            if (isWord)
                words.Add(word.ToString());
            word.Clear();
            isWord = false;
        }

        void EndCommand()
        {
            EndWord();
            var command = WithoutRedirections(words).SkipWhile(one => s_leading.Contains(one, StringComparer.Ordinal) || IsAssignment(one)).ToArray();
            if (command.Length > 0)
                commands.Add(command);
            words.Clear();
        }
    }

    private static IEnumerable<string> WithoutRedirections(List<string> words)
    {
        for (var i = 0; i < words.Count; i++)
        {
            var bare = words[i].TrimStart('0', '1', '2');
            if (bare is ">" or ">>" or "<")
                i++;
            else if (!bare.StartsWith('>') && !bare.StartsWith('<'))
                yield return words[i];
        }
    }

    private static bool IsAssignment(string word) => word.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && word[..at].All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_');
}
