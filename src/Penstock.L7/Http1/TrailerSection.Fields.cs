// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <content>Trailer fields that come one by one, decoded (HTTP/2).</content>
internal sealed partial class TrailerSection
{
    /// <summary>All fields are there: judges them as <see cref="FieldSection.ParseSection"/> does.</summary>
    internal void End() => Complete();
}
