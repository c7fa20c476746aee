// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2.Tests.Hpack;

/// <summary>A test that needs nghttp2's library.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class Nghttp2FactAttribute : FactAttribute
{
    public Nghttp2FactAttribute() => Skip = Nghttp2.IsMissing ? "libnghttp2.so.14 is missing" : null;
}
