// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Text;

namespace Penstock.Vrrp.Bgp;

/// <summary>Asks BIRD over its control socket, with a connection for each question.</summary>
/// <param name="path">The socket.</param>
internal sealed class BirdControl(string path)
{
    private const int RefusedFrom = 8000; // doc/reply_codes
    private const int ReadBytes = 16 * 1024;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);

    /// <summary>Asks for one thing.</summary>
    /// <param name="command">The command, a line without its end.</param>
    /// <exception cref="BirdRefusedException">BIRD refuses.</exception>
    /// <exception cref="IOException">BIRD does not answer within 2 s.</exception>
    /// <exception cref="SocketException">This process can't ask: it has no descriptor left, say.</exception>
    public BirdReply Ask(string command)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            var started = TimeProvider.System.GetTimestamp();
            (socket.SendTimeout, socket.ReceiveTimeout) = ((int)s_limit.TotalMilliseconds, (int)s_limit.TotalMilliseconds);
            socket.Connect(new UnixDomainSocketEndPoint(path));
            _ = Receive(socket, started); // who it is
            _ = socket.Send(Encoding.ASCII.GetBytes(command + "\n"));
            var reply = Receive(socket, started);
            return reply.Code < RefusedFrom ? reply : throw new BirdRefusedException($"BIRD refuses '{command}': {string.Join("; ", reply.Lines.Where(line => line.Code >= RefusedFrom).Select(line => line.Text))}");
        }
        catch (SocketException error)
        {
            throw new IOException($"{path}: {error.Message}", error);
        }
    }

    private IOException Late() => new($"{path}: no answer within {s_limit.TotalSeconds} s");

    private BirdReply Receive(Socket socket, long started)
    {
        var (reader, buffer) = (new BirdReplyReader(), new byte[ReadBytes]);
        while (true)
        {
            // A byte now and then is no answer either.
            var left = s_limit - TimeProvider.System.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || !socket.Poll(left, SelectMode.SelectRead))
                throw Late();
            var count = socket.Receive(buffer);
            if (count == 0)
                throw new IOException($"{path}: BIRD has closed the connection");
            if (reader.Take(buffer.AsSpan(0, count)) is { } reply)
                return reply;
        }
    }
}
