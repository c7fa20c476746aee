// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>Forms of text in the configuration.</summary>
public enum TextForm
{
    /// <summary>Name of a thing: letters, digits, <c>.</c>, <c>_</c>, <c>-</c>, up to 128 characters, the first a letter or digit.</summary>
    Name,

    /// <summary>Printable text on one line, up to 256 characters.</summary>
    Label,

    /// <summary>Text of any characters, line breaks included, up to 64 KiB of UTF-8.</summary>
    Body,

    /// <summary>Host of a request, exact or <c>*.suffix</c>, without a port.</summary>
    HostPattern,

    /// <summary>Host with an optional port.</summary>
    HostAndPort,

    /// <summary>Name to resolve in DNS.</summary>
    DnsName,

    /// <summary>Path of a URL, without query: begins with <c>/</c>.</summary>
    UrlPath,

    /// <summary>Path of a URL with an optional query.</summary>
    UrlPathAndQuery,

    /// <summary>Regular expression that can be evaluated in linear time.</summary>
    Regex,

    /// <summary>HTTP method, upper case (RFC 9110 section 9.1).</summary>
    Method,

    /// <summary>Value of a header field on one line (RFC 9110 section 5.5).</summary>
    HeaderValue,

    /// <summary>Path of a Unix socket, absolute, at most 107 bytes (unix(7)).</summary>
    SocketPath,

    /// <summary>Absolute path of a file, or <c>stdout</c>.</summary>
    FileOrStdout,

    /// <summary><c>json</c> or text with <c>%{field}</c> placeholders.</summary>
    AccessLogFormat,

    /// <summary>Absolute path of a file or folder.</summary>
    FilePath,

    /// <summary>Name of a network interface: up to 15 characters without <c>/</c> and white space (linux/if.h).</summary>
    InterfaceName,

    /// <summary>MAC address as <c>02:00:5e:00:53:01</c>.</summary>
    MacAddress,

    /// <summary>Namespace and name of an object in Kubernetes, as <c>istio-system/istio-ingressgateway</c>: labels of RFC 1123, up to 63 characters each.</summary>
    NamespacedName,
}
