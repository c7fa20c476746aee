// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux;

/// <summary>Error numbers of Linux (asm-generic/errno-base.h, asm-generic/errno.h).</summary>
public enum Errno
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>Operation not permitted.</summary>
    EPERM = 1,

    /// <summary>No such file or directory.</summary>
    ENOENT = 2,

    /// <summary>No such process, or no such object in the kernel.</summary>
    ESRCH = 3,

    /// <summary>Interrupted by a signal.</summary>
    EINTR = 4,

    /// <summary>Argument list too long; BPF maps say so when they are full.</summary>
    E2BIG = 7,

    /// <summary>Bad descriptor.</summary>
    EBADF = 9,

    /// <summary>Try again; the same number as EWOULDBLOCK.</summary>
    EAGAIN = 11,

    /// <summary>Out of memory.</summary>
    ENOMEM = 12,

    /// <summary>Permission denied.</summary>
    EACCES = 13,

    /// <summary>Device or resource busy.</summary>
    EBUSY = 16,

    /// <summary>File exists.</summary>
    EEXIST = 17,

    /// <summary>No such device.</summary>
    ENODEV = 19,

    /// <summary>Invalid argument.</summary>
    EINVAL = 22,

    /// <summary>Too many open files on the host.</summary>
    ENFILE = 23,

    /// <summary>Too many open files in the process.</summary>
    EMFILE = 24,

    /// <summary>No space left.</summary>
    ENOSPC = 28,

    /// <summary>Read-only file system.</summary>
    EROFS = 30,

    /// <summary>Broken pipe.</summary>
    EPIPE = 32,

    /// <summary>Result out of range.</summary>
    ERANGE = 34,

    /// <summary>The kernel has no such system call, or a filter of calls says so.</summary>
    ENOSYS = 38,

    /// <summary>Protocol error; accept(2) reports some aborted connections so.</summary>
    EPROTO = 71,

    /// <summary>A message larger than its way takes.</summary>
    EMSGSIZE = 90,

    /// <summary>Operation not supported.</summary>
    EOPNOTSUPP = 95,

    /// <summary>Address family not supported.</summary>
    EAFNOSUPPORT = 97,

    /// <summary>Address already in use.</summary>
    EADDRINUSE = 98,

    /// <summary>Cannot assign requested address.</summary>
    EADDRNOTAVAIL = 99,

    /// <summary>Network is unreachable.</summary>
    ENETUNREACH = 101,

    /// <summary>Connection aborted.</summary>
    ECONNABORTED = 103,

    /// <summary>Connection reset by peer.</summary>
    ECONNRESET = 104,

    /// <summary>No buffer space.</summary>
    ENOBUFS = 105,

    /// <summary>Connection timed out.</summary>
    ETIMEDOUT = 110,

    /// <summary>Connection refused.</summary>
    ECONNREFUSED = 111,

    /// <summary>No route to host.</summary>
    EHOSTUNREACH = 113,

    /// <summary>Operation now in progress.</summary>
    EINPROGRESS = 115,

    /// <summary>Operation not supported, as parts of the kernel say it (linux/errno.h).</summary>
    ENOTSUPP = 524,
}
