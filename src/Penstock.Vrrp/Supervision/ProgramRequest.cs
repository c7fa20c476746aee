// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Text;

namespace Penstock.Vrrp.Supervision;

/// <summary>What a daemon asks of a unit that is to become a program: lines, and the end of what it sends.</summary>
/// <param name="Binary">The program's file.</param>
/// <param name="User">The daemon's user: the unit's has to be the same, or the daemon could send it no signals, and it could not read the daemon's files.</param>
/// <param name="Output">FIFO that gets what the program says.</param>
/// <param name="Arguments">Its arguments, at least one, none of them with a line break.</param>
internal sealed record ProgramRequest(string Binary, string User, string Output, IReadOnlyList<string> Arguments)
{
    /// <summary>No request and no answer has more bytes.</summary>
    public const int MostBytes = 16 * 1024;

    /// <summary>Sends it.</summary>
    /// <exception cref="SocketException">It can't be sent.</exception>
    public void Send(Socket socket)
    {
        var bytes = Encoding.UTF8.GetBytes($"{Binary}\n{User}\n{Output}\n{string.Join('\n', Arguments)}\n");
        for (var sent = 0; sent < bytes.Length;)
            sent += socket.Send(bytes.AsSpan(sent));
        socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Receives one.</summary>
    /// <exception cref="SocketException">Nothing came in time.</exception>
    /// <exception cref="IOException">It is none.</exception>
    public static ProgramRequest Receive(Socket socket)
    {
        var bytes = new byte[MostBytes];
        var count = 0;
        for (var more = 1; more > 0 && count < bytes.Length; count += more)
            more = socket.Receive(bytes.AsSpan(count));
        return Encoding.UTF8.GetString(bytes, 0, count).Split('\n') is [var binary, { Length: > 0 } user, var output, { Length: > 0 } first, .. var others, ""] && count < bytes.Length
            && Path.IsPathRooted(binary) && Path.IsPathRooted(output)
            ? new ProgramRequest(binary, user, output, [first, .. others])
            : throw new IOException("not a request of penstock's: lines of a program, a user, a file and arguments");
    }
}
