// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Penstock.Linux;

namespace Penstock.Vrrp.Supervision;

/// <summary>
/// Starts keepaliveds: by systemd, as a unit of its own each (penstock-keepalived@.service), where its socket is; else from this process, whose control group it stays in.
/// </summary>
/// <param name="Binary">keepalived's file.</param>
/// <param name="Socket">Where systemd listens for it.</param>
internal sealed record KeepalivedStart(string Binary, string Socket)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    /// <summary>Starts the one of a group.</summary>
    /// <param name="folder">Its files.</param>
    /// <param name="output">Gets what it says.</param>
    /// <returns>Its process id.</returns>
    /// <exception cref="IOException">It could not be started.</exception>
    public int Start(KeepalivedFolder folder, Fifo output)
    {
        if (File.Exists(Socket))
            return Ask(new KeepalivedRequest(Binary, folder.State, folder.AllRun, folder.Group, Environment.UserName));
        return ProcessRights.Read() is not { } rights || rights.HasFlag(Capabilities.NetRaw)
            ? DetachedProcess.Start(Binary, folder.Arguments, output.Descriptor)
            : throw new IOException($"{Socket} is not there (systemctl start penstock-keepalived.socket), and this process has no CAP_NET_RAW, so it can't run keepalived itself");
    }

    private int Ask(KeepalivedRequest request)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            (socket.SendTimeout, socket.ReceiveTimeout) = ((int)s_limit.TotalMilliseconds, (int)s_limit.TotalMilliseconds);
            socket.Connect(new UnixDomainSocketEndPoint(Socket));
            request.Send(socket);
            return Pid(ReadAnswer(socket));
        }
        catch (SocketException error)
        {
            throw new IOException($"{Socket}: {error.Message} (systemctl status penstock-keepalived.socket)", error);
        }
    }

    // Its process id, or why it does not become keepalived.
    private static string ReadAnswer(Socket socket)
    {
        var answer = new byte[KeepalivedRequest.MostBytes];
        var count = 0;
        for (var more = 1; more > 0 && count < answer.Length; count += more)
            more = socket.Receive(answer.AsSpan(count));
        return Encoding.UTF8.GetString(answer, 0, count);
    }

    private int Pid(string answer) => int.TryParse(answer, NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
        ? pid
        : throw new IOException($"{Socket}: {(answer.Length > 0 ? answer : "no answer")} (journalctl -u 'penstock-keepalived@*')");
}
