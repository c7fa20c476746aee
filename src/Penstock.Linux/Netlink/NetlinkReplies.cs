// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Netlink;

/// <summary>Collects the answers to requests that were sent together: fed with datagrams, it does no input by itself.</summary>
internal sealed class NetlinkReplies
{
    private const ushort ExplanationText = 1; // NLMSGERR_ATTR_MSG

    private readonly uint _first;
    private readonly NetlinkOutcome?[] _outcomes;
    private readonly bool[] _interrupted;
    private int _open;

    /// <summary>Of requests with numbers in a row.</summary>
    /// <param name="first">The first one's number.</param>
    /// <param name="count">How many.</param>
    public NetlinkReplies(uint first, int count)
    {
        _first = first;
        _open = count;
        _outcomes = new NetlinkOutcome?[count];
        _interrupted = new bool[count];
    }

    /// <summary>Whether every request has its outcome.</summary>
    public bool IsComplete => _open == 0;

    /// <summary>Outcomes in the order of the requests, once complete.</summary>
    public NetlinkOutcome[] Outcomes => Array.ConvertAll(_outcomes, outcome => outcome ?? throw new InvalidOperationException("not complete"));

    /// <summary>Takes a datagram's messages. Those of other requests, such as one that timed out, are passed over.</summary>
    /// <param name="datagram">The datagram.</param>
    /// <param name="handler">Takes messages that are no outcome.</param>
    /// <exception cref="NetlinkException">It is malformed.</exception>
    public void Take(ReadOnlySpan<byte> datagram, NetlinkHandler? handler)
    {
        var reader = new NetlinkReader(datagram);
        while (reader.TryRead(out var message))
        {
            var index = unchecked(message.Sequence - _first);
            if (index >= (uint)_outcomes.Length || _outcomes[index] is not null)
                continue;
            _interrupted[index] |= message.Flags.HasFlag(NetlinkFlags.DumpInterrupted) && message.Type != NetlinkMessageType.Error;
            switch (message.Type)
            {
                case NetlinkMessageType.Noop:
                    break;
                case NetlinkMessageType.Error:
                    Complete(index, ReadError(message), Explain(message, RepeatedRequest(message)));
                    break;
                case NetlinkMessageType.Done:
                    // A dump's end carries an errno, or nothing.
                    Complete(index, message.Payload.IsEmpty ? Errno.None : ReadError(message), Explain(message, sizeof(int)));
                    break;
                case NetlinkMessageType.Overrun:
                    Complete(index, Errno.ENOBUFS, "");
                    break;
                default:
                    handler?.Invoke(message);
                    break;
            }
        }

        if (reader.IsMalformed)
            throw NetlinkException.Malformed("a message whose length is wrong");
    }

    private void Complete(uint index, Errno error, string explanation)
    {
        _outcomes[index] = new NetlinkOutcome(error, explanation, _interrupted[index]);
        _open--;
    }

    private static Errno ReadError(in NetlinkMessage message)
    {
        if (message.Payload.Length < sizeof(int))
            throw NetlinkException.Malformed("an outcome without its errno");
        var value = MemoryMarshal.Read<int>(message.Payload);
        if (value is > 0 or < -4095)
            throw NetlinkException.Malformed($"an outcome of {value}"); // A negative errno, MAX_ERRNO at most.
        return (Errno)(-value);
    }

    // An error repeats the request's header, and all of the request unless it is capped.
    private static int RepeatedRequest(in NetlinkMessage message)
    {
        const int Header = sizeof(int) + NetlinkMessage.HeaderLength;
        if (message.Flags.HasFlag(NetlinkFlags.Capped) || message.Payload.Length < Header)
            return Header;
        var length = MemoryMarshal.Read<uint>(message.Payload[sizeof(int)..]);
        return length <= (uint)message.Payload.Length ? sizeof(int) + NetlinkReader.Align((int)length) : message.Payload.Length;
    }

    // Words are an extra: where they are malformed, the errno alone has to do.
    private static string Explain(in NetlinkMessage message, int offset)
    {
        if (!message.Flags.HasFlag(NetlinkFlags.Explained) || message.Payload.Length <= offset)
            return "";
        var attributes = new NetlinkAttributes(message.Payload, offset);
        while (attributes.TryRead(out var attribute))
        {
            if (attribute.Type == ExplanationText)
                return attribute.Text();
        }

        return "";
    }
}
