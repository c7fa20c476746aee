// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <content>Trailer fields that come one by one, decoded (HTTP/2).</content>
internal sealed partial class TrailerSection
{
    /// <summary>What fields behind the content must not say even where they are the application's: they are about a connection, or the message's framing.</summary>
    private static readonly ulong s_never = KnownHeaders.HopByHop | KnownHeaders.Set(KnownHeader.ContentLength, KnownHeader.Trailer, KnownHeader.Host);

    /// <summary>All fields are there: judges them as <see cref="FieldSection.ParseSection"/> does.</summary>
    internal void End() => Complete();

    /// <summary>All fields are there, of which an application may choose the names, as it may for the metadata of gRPC.</summary>
    internal void EndMetadata()
    {
        for (var i = 0; i < FieldCount; i++)
        {
            if (KnownHeaders.Has(s_never, Slots[i].Id))
                Drop(i);
        }
    }
}
