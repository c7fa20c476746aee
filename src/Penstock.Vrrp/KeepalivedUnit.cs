// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Penstock.Linux;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp;

/// <summary>
/// What penstock-keepalived@.service runs: the process that systemd starts for a daemon's connection, and that becomes the keepalived the daemon asks for. So it is not one
/// of the daemon's: it has a unit, rights and an end of its own.
/// </summary>
public static class KeepalivedUnit
{
    private const int Connection = 0; // StandardInput=socket

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    /// <summary>Reads what is asked for from standard input, a socket, answers the process id, and becomes keepalived. Returns only where it can't.</summary>
    /// <returns>Why it can't; the daemon was told as far as it could be.</returns>
    public static string Become()
    {
        try
        {
            using var socket = new Socket(new SafeSocketHandle(FileDescriptor.Duplicate(Connection), ownsHandle: true));
            (socket.SendTimeout, socket.ReceiveTimeout) = ((int)s_limit.TotalMilliseconds, (int)s_limit.TotalMilliseconds);
            return Become(socket);
        }
        catch (SocketException error)
        {
            return $"standard input: {error.Message}: penstock-keepalived.socket starts this for penstock";
        }
    }

    private static string Become(Socket socket)
    {
        try
        {
            var request = KeepalivedRequest.Receive(socket);
            var folder = request.Folder;
            if (!string.Equals(request.User, Environment.UserName, StringComparison.Ordinal))
                throw new IOException($"penstock runs as {request.User}, penstock-keepalived@.service as {Environment.UserName}: give both the same User=");
            if (!File.Exists(request.Binary))
                throw new FileNotFoundException($"{request.Binary}: no such file");
            using var output = Fifo.Open(folder.LogFile);
            Answer(socket, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return ProcessImage.Replace(request.Binary, folder.Arguments, output.Descriptor).Message; // standard error is the log by now
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Answer(socket, "no: " + error.Message.ReplaceLineEndings(" "));
            return error.Message;
        }
    }

    // systemd has the connection open as well, for as long as the unit runs: only this ends it for the other side.
    private static void Answer(Socket socket, string text)
    {
        _ = socket.Send(Encoding.UTF8.GetBytes(text));
        socket.Shutdown(SocketShutdown.Both);
    }
}
