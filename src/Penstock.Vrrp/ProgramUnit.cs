// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Penstock.Linux;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp;

/// <summary>
/// What penstock-keepalived@.service and penstock-bird@.service run: the process that systemd starts for a daemon's connection, and that becomes the program the daemon asks for.
/// So it is not one of the daemon's: it has a unit, rights and an end of its own.
/// </summary>
public static class ProgramUnit
{
    private const int Connection = 0; // StandardInput=socket

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    /// <summary>Reads what is asked for from standard input, a socket, answers the process id, and becomes the program. Returns only where it can't.</summary>
    /// <param name="unit">The unit's name, such as <c>penstock-keepalived</c>.</param>
    /// <returns>Why it can't; the daemon was told as far as it could be.</returns>
    public static string Become(string unit)
    {
        try
        {
            using var socket = new Socket(new SafeSocketHandle(FileDescriptor.Duplicate(Connection), ownsHandle: true));
            (socket.SendTimeout, socket.ReceiveTimeout) = ((int)s_limit.TotalMilliseconds, (int)s_limit.TotalMilliseconds);
            return Become(unit, socket);
        }
        catch (SocketException error)
        {
            return $"standard input: {error.Message}: {unit}.socket starts this for penstock";
        }
    }

    private static string Become(string unit, Socket socket)
    {
        try
        {
            var request = ProgramRequest.Receive(socket);
            if (!string.Equals(request.User, Environment.UserName, StringComparison.Ordinal))
                throw new IOException($"penstock runs as {request.User}, {unit}@.service as {Environment.UserName}: give both the same User=");
            if (!File.Exists(request.Binary))
                throw new FileNotFoundException($"{request.Binary}: no such file");
            using var output = Fifo.Open(request.Output);
            Answer(socket, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return ProcessImage.Replace(request.Binary, request.Arguments, output.Descriptor).Message; // standard error is the log by now
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
