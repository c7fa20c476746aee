// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Penstock.Linux;

namespace Penstock.Vrrp.Supervision;

/// <summary>
/// Starts a program: by systemd, as a unit of its own (UNIT@.service), where its socket is; else from this process, whose control group it stays in.
/// </summary>
/// <param name="Binary">The program's file.</param>
/// <param name="Socket">Where systemd listens for it.</param>
/// <param name="Unit">The unit's name, such as <c>penstock-keepalived</c>.</param>
internal sealed record ProgramStart(string Binary, string Socket, string Unit)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    /// <summary>Starts it.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="outputPath">The FIFO's path.</param>
    /// <param name="output">Gets what it says.</param>
    /// <returns>Its process id.</returns>
    /// <exception cref="IOException">It could not be started.</exception>
    public int Start(IReadOnlyList<string> arguments, string outputPath, Fifo output)
    {
        if (File.Exists(Socket))
            return Ask(new ProgramRequest(Binary, Environment.UserName, outputPath, arguments));
        return ProcessRights.Read() is not { } rights || rights.HasFlag(Capabilities.NetRaw)
            ? DetachedProcess.Start(Binary, arguments, output.Descriptor)
            : throw new IOException($"{Socket} is not there (systemctl start {Unit}.socket), and this process has no CAP_NET_RAW, so it can't run {Path.GetFileName(Binary)} itself");
    }

    private int Ask(ProgramRequest request)
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
            throw new IOException($"{Socket}: {error.Message} (systemctl status {Unit}.socket)", error);
        }
    }

    // Its process id, or why it does not become the program.
    private static string ReadAnswer(Socket socket)
    {
        var answer = new byte[ProgramRequest.MostBytes];
        var count = 0;
        for (var more = 1; more > 0 && count < answer.Length; count += more)
            more = socket.Receive(answer.AsSpan(count));
        return Encoding.UTF8.GetString(answer, 0, count);
    }

    private int Pid(string answer) => int.TryParse(answer, NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
        ? pid
        : throw new IOException($"{Socket}: {(answer.Length > 0 ? answer : "no answer")} (journalctl -u '{Unit}@*')");
}
