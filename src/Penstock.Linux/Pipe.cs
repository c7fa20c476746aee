// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux;

/// <summary>What a pipe's writer can learn of its reader.</summary>
public static unsafe class Pipe
{
    private const short Error = 0x8; // POLLERR: of a pipe's writing end, that no reading end is open (poll(2)).

    /// <summary>Whether nobody can read any more what is written; false for anything but pipes and sockets.</summary>
    public static bool HasLostReader(int fd)
    {
        var poll = new Libc.PollDescriptor { Descriptor = fd };
        return Libc.poll(&poll, 1, 0) > 0 && (poll.Returned & Error) != 0;
    }
}
