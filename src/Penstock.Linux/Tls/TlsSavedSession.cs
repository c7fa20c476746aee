// SPDX-License-Identifier: Apache-2.0
using Microsoft.Win32.SafeHandles;

namespace Penstock.Linux.Tls;

/// <summary>What a client keeps of a session to go on with it over another connection.</summary>
public sealed class TlsSavedSession : SafeHandleZeroOrMinusOneIsInvalid
{
    internal TlsSavedSession(nint session)
        : base(ownsHandle: true) => SetHandle(session);

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Libssl.SSL_SESSION_free(handle);
        return true;
    }
}
