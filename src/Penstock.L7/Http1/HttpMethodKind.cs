// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>The methods the proxy treats in ways of their own; the rest are forwarded as they are.</summary>
internal enum HttpMethodKind : byte
{
    Other,
    Get,
    Head,
    Post,
    Put,
    Delete,
    Options,
    Patch,
    Connect,
    Trace,
}
