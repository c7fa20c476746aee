// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;
using Penstock.Model;
using Penstock.Model.Schema;

namespace Penstock.Config.Binding;

/// <summary>Where a socket binds or connects to.</summary>
internal sealed class AddressShape(AddressUse use, int defaultPort) : ScalarShape
{
    private const int UnixPathBytes = 107;
    private const string UnixPrefix = "unix:";

    /// <inheritdoc/>
    public override string Expected => use switch
    {
        AddressUse.Bind => "an address to listen on, such as \":443\", \"192.0.2.1:80\", \"[2001:db8::1]:80\" or unix:/run/x.sock",
        AddressUse.Connect => "an IP address and port such as \"10.0.0.1:80\" or \"[2001:db8::1]:80\", or unix:/run/x.sock",
        _ => $"an IP address such as 10.0.0.1, with a port if it is not {defaultPort}",
    };

    /// <inheritdoc/>
    public override string TypeName => use switch
    {
        AddressUse.Bind => "address to bind to",
        AddressUse.Connect => "address",
        _ => "IP address, with or without port",
    };

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["type"] = "string",
        ["pattern"] = use switch
        {
            AddressUse.Bind => "^(unix:/.+|([0-9.]+|\\[[0-9A-Fa-f:.%a-z]+\\])?:[0-9]{1,5})$",
            AddressUse.Connect => "^(unix:/.+|([0-9.]+|\\[[0-9A-Fa-f:.%a-z]+\\]):[0-9]{1,5})$",
            _ => "^([0-9.]+|[0-9A-Fa-f:.]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?$",
        },
    };

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar)
    {
        var text = scalar.Text;
        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal))
            return UnixSocket(text[UnixPrefix.Length..]);

        if (defaultPort > 0 && AddressText.TryParse(text, out var alone))
            return Connectable(alone, defaultPort);

        var colon = text.LastIndexOf(':');
        if (colon < 0)
            return Parsed.Bad(suggestion: Guess(text));

        var host = text[..colon];
        if (!AddressText.TryPort(text[(colon + 1)..], out var port))
            return AddressText.TryParse(text, out _) ? Parsed.Bad(suggestion: $"[{text}]:80") : Parsed.Bad("a port from 0 to 65535 after the last colon");

        var bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (host.Length == 0 && use == AddressUse.Bind)
            return Parsed.Ok(SocketEndpoint.Ip(IPAddress.IPv6Any, port));

        if (!AddressText.TryParse(bracketed ? host[1..^1] : host, out var address))
            return NotAnAddress(host, port);

        if (bracketed != (address.AddressFamily == AddressFamily.InterNetworkV6))
            return Parsed.Bad(suggestion: bracketed ? $"{address}:{port}" : $"[{text}]:80");

        return use == AddressUse.Bind ? Parsed.Ok(SocketEndpoint.Ip(address, port)) : Connectable(address, port);
    }

    private Parsed UnixSocket(string path)
    {
        if (use == AddressUse.ConnectIp)
            return Parsed.Bad();

        if (!path.StartsWith('/') || path.Contains('\0', StringComparison.Ordinal))
            return Parsed.Bad("an absolute path after unix:");

        var length = Encoding.UTF8.GetByteCount(path);
        return length <= UnixPathBytes
            ? Parsed.Ok(SocketEndpoint.Unix(path))
            : Parsed.Bad($"at most {UnixPathBytes} bytes", found: $"a socket path of {length} bytes");
    }

    private static Parsed Connectable(IPAddress address, int port)
    {
        if (port == 0)
            return Parsed.Bad("a port from 1 to 65535");

        return address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)
            ? Parsed.Bad("the address of one host")
            : Parsed.Ok(SocketEndpoint.Ip(address, port));
    }

    private Parsed NotAnAddress(string host, int port) => host switch
    {
        "*" when use == AddressUse.Bind => Parsed.Bad(suggestion: $":{port}"),
        "localhost" => Parsed.Bad(suggestion: $"127.0.0.1:{port}"),
        _ when use == AddressUse.Connect && TextForms.IsDnsName(host) =>
            Parsed.Bad("an IP address; names go under discovery: {dns: {name: …, port: …}}"),
        _ => Parsed.Bad(),
    };

    private string? Guess(string text)
    {
        if (use == AddressUse.Bind && AddressText.TryPort(text, out var port))
            return $":{port}";

        if (text.StartsWith('/') && use != AddressUse.ConnectIp)
            return UnixPrefix + text;

        return AddressText.TryParse(text, out _) ? $"{text}:80" : null;
    }
}
