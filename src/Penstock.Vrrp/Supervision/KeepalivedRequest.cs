// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Text;

namespace Penstock.Vrrp.Supervision;

/// <summary>What a daemon asks of a unit that is to become a keepalived: five lines, and the end of what it sends.</summary>
/// <param name="Binary">keepalived's file.</param>
/// <param name="State">Folder of configurations.</param>
/// <param name="Run">Folder of all groups' run-time files.</param>
/// <param name="Group">The group's name.</param>
/// <param name="User">The daemon's user: the unit's has to be the same, or the daemon could send it no signals, and it could not run its checks.</param>
internal sealed record KeepalivedRequest(string Binary, string State, string Run, string Group, string User)
{
    /// <summary>No request and no answer has more bytes.</summary>
    public const int MostBytes = 16 * 1024;

    /// <summary>Its group's files.</summary>
    /// <exception cref="ArgumentException">The name is none of a group.</exception>
    public KeepalivedFolder Folder => new(State, Run, Group);

    /// <summary>Sends it.</summary>
    /// <exception cref="SocketException">It can't be sent.</exception>
    public void Send(Socket socket)
    {
        var bytes = Encoding.UTF8.GetBytes($"{Binary}\n{State}\n{Run}\n{Group}\n{User}\n");
        for (var sent = 0; sent < bytes.Length;)
            sent += socket.Send(bytes.AsSpan(sent));
        socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Receives one.</summary>
    /// <exception cref="SocketException">Nothing came in time.</exception>
    /// <exception cref="IOException">It is none.</exception>
    public static KeepalivedRequest Receive(Socket socket)
    {
        var bytes = new byte[MostBytes];
        var count = 0;
        for (var more = 1; more > 0 && count < bytes.Length; count += more)
            more = socket.Receive(bytes.AsSpan(count));
        return Encoding.UTF8.GetString(bytes, 0, count).Split('\n') is [var binary, var state, var run, var group, var user, ""] && count < bytes.Length
            && Path.IsPathRooted(binary) && Path.IsPathRooted(state) && Path.IsPathRooted(run)
            ? new KeepalivedRequest(binary, state, run, group, user)
            : throw new IOException("not a request of penstock's: five lines, a program, two folders and the names of a group and a user");
    }
}
