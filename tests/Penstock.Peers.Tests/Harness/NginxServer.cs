// SPDX-License-Identifier: Apache-2.0
using Penstock.Tests;

namespace Penstock.Peers.Tests.Harness;

/// <summary>
/// A real nginx in one process, without privileges, in a directory of its own. Its send buffers are bounded: on one host with what is
/// tested, thousands of them would else fill net.ipv4.tcp_mem and throttle every connection.
/// </summary>
internal sealed class NginxServer : IAsyncDisposable
{
    private readonly Workplace _workplace;

    private NginxServer(Workplace workplace, int port, string path)
    {
        _workplace = workplace;
        Port = port;
        Child = new ChildProcess(Programs.Find("nginx")!, "-c", path); // PeerFact has seen to nginx being there
    }

    /// <summary>The process.</summary>
    public ChildProcess Child { get; }

    /// <summary>Port it listens on, at 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Its address as penstock's configuration writes it.</summary>
    public string Endpoint => $"127.0.0.1:{Port}";

    /// <summary>An origin.</summary>
    /// <param name="locations">Lines of the server block; <c>/</c> answers with the port unless they say otherwise.</param>
    /// <param name="files">Files of the document root: name and length.</param>
    public static Task<NginxServer> OriginAsync(string locations = "", params (string Name, long Length)[] files) =>
        StartAsync(port => locations.Length > 0 ? locations : $"location / {{ return 200 \"{port}\"; }}", files);

    /// <summary>An origin that awaits a PROXY header and answers with the client it names: address, a space and the port.</summary>
    public static Task<NginxServer> NamingOriginAsync() =>
        StartAsync(_ => "location / { return 200 \"$proxy_protocol_addr $proxy_protocol_port\"; }", [], "proxy_protocol");

    /// <summary>An origin that speaks TLS.</summary>
    /// <param name="certificate">File of its certificate.</param>
    /// <param name="key">File of its key.</param>
    /// <param name="lines">Lines of the server block.</param>
    /// <param name="listenOptions">Options of listen.</param>
    public static Task<NginxServer> TlsOriginAsync(string certificate, string key, string lines, string listenOptions = "ssl") =>
        StartAsync(_ => $"ssl_certificate {certificate}; ssl_certificate_key {key}; {lines}", [], listenOptions);

    /// <summary>An origin that speaks HTTP/2 without TLS, and nothing else.</summary>
    /// <param name="lines">Lines of the server block.</param>
    /// <param name="files">Files of the document root: name and length.</param>
    public static Task<NginxServer> StreamOriginAsync(string lines, params (string Name, long Length)[] files) =>
        StartAsync(_ => lines, files, "http2");

    /// <summary>A reverse proxy that speaks HTTP/2 on both sides, without TLS: what the nginx of Debian 12 sends as HTTP/2 is gRPC's.</summary>
    /// <param name="upstream">The port it is in front of.</param>
    public static Task<NginxServer> StreamFrontAsync(int upstream) =>
        StreamOriginAsync($"location / {{ grpc_pass grpc://127.0.0.1:{upstream}; grpc_set_header Host $host; }}");

    /// <summary>A reverse proxy in front of a port.</summary>
    public static Task<NginxServer> FrontAsync(int upstream) => StartAsync(
        _ => $$"""
            location / {
              proxy_pass http://127.0.0.1:{{upstream}};
              proxy_http_version 1.1;
              proxy_set_header Connection "";
              proxy_set_header Host $host;
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            }
            """,
        []);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Child.DisposeAsync();
        _workplace.Dispose();
    }

    private static async Task<NginxServer> StartAsync(Func<int, string> server, (string Name, long Length)[] files, string listenOptions = "")
    {
        var workplace = new Workplace();
        var port = FreePort.Next();
        foreach (var (name, length) in files)
        {
            using var file = File.Create(Path.Combine(workplace.Path, name));
            file.SetLength(length);
        }

        var temporary = string.Concat(((string[])["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]).Select(kind => $"  {kind}_temp_path {workplace.Path}/{kind};\n"));
        var path = workplace.Write("nginx.conf", $$"""
            daemon off;
            master_process off;
            user root;
            pid {{workplace.Path}}/pid;
            error_log stderr;
            events { worker_connections 8192; }
            http {
              access_log off;
              keepalive_requests 1000000;
            {{temporary}}
              server {
                listen 127.0.0.1:{{port}} backlog=4096 sndbuf=128k {{listenOptions}};
                root {{workplace.Path}};
                client_max_body_size 0;
                {{server(port)}}
              }
            }
            """);
        var nginx = new NginxServer(workplace, port, path);
        await PeerReady.WaitAsync(nginx.Child, port);
        return nginx;
    }
}
