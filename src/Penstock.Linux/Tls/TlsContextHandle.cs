// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Penstock.Linux.Tls;

/// <summary>Owns an SSL_CTX, and what its callbacks find its <see cref="TlsContext"/> by.</summary>
internal sealed class TlsContextHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    internal TlsContextHandle(nint context, GCHandle owner)
        : base(ownsHandle: true)
    {
        SetHandle(context);
        Owner = owner;
    }

    internal GCHandle Owner { get; }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Libssl.SSL_CTX_free(handle);
        Owner.Free();
        return true;
    }
}
