// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Text;

namespace Penstock.Peers.Tests.Harness;

/// <summary>A connection that penstock opened to a <see cref="RawOrigin"/>.</summary>
internal sealed class OriginConnection(RawOrigin origin, Socket socket, int number)
{
    /// <summary>What penstock sends.</summary>
    public WireReader Reader { get; } = new(socket) { Patience = TimeSpan.FromMinutes(2) };

    /// <summary>1 for the origin's first connection, and so on.</summary>
    public int Number { get; } = number;

    /// <summary>Reads one request with its body and records it; null: the connection ended.</summary>
    public async Task<WireMessage?> ReadRequestAsync()
    {
        var request = await ReadRequestHeadAsync();
        if (request is not null)
        {
            await Reader.ReadBodyAsync(request, untilClose: false);
        }

        return request;
    }

    /// <summary>Reads and records the head of a request only.</summary>
    public async Task<WireMessage?> ReadRequestHeadAsync()
    {
        if (await Reader.ReadHeadAsync() is not { } head)
        {
            return null;
        }

        var request = new WireMessage(head);
        origin.Record(request);
        return request;
    }

    /// <summary>Sends Latin-1 text.</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Sends bytes.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None)..];
        }
    }

    /// <summary>Closes in good order.</summary>
    public void Close()
    {
        socket.Shutdown(SocketShutdown.Both);
        socket.Close();
    }

    /// <summary>Resets the connection.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(enable: true, 0);
        socket.Close();
    }
}
