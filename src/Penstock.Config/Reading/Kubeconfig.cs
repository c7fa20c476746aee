// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Text;
using Penstock.Config.Yaml;
using Penstock.Model.L7;

namespace Penstock.Config.Reading;

/// <summary>
/// A kubeconfig: YAML with named clusters, users and contexts that join the two. What would run a program, leave the server unverified or act for somebody else is refused. Values are
/// quoted in no message, since most are secrets.
/// </summary>
public sealed class Kubeconfig
{
    private const int FileBytes = 1 << 20; // the limit of an object in etcd, within which one kept as a Secret has to be

    // What is refused, and what to do instead.
    private static readonly (string Key, string Instead)[] s_refusedOfUser =
    [
        ("exec", "a token file that such a program or a timer keeps fresh (tokenFile), or a client certificate: the balancer runs no programs"),
        ("auth-provider", "tokenFile, or a client certificate: providers run within kubectl alone"),
        ("username", "tokenFile, or a client certificate: API servers take no passwords since 1.19"),
        ("as", "an account that may itself list and watch"),
    ];

    private static readonly (string Key, string Instead)[] s_refusedOfCluster =
    [
        ("proxy-url", "a server that is reached without a proxy"),
    ];

    private readonly string _path;
    private readonly ICollection<string> _faults;

    private Kubeconfig(string path, ICollection<string> faults) => (_path, _faults) = (path, faults);

    /// <summary>Reads what a source is told: its kubeconfig, or the account of the pod that this process runs in.</summary>
    /// <param name="config">The source.</param>
    /// <param name="faults">Takes what is wrong, a line each.</param>
    /// <returns>null: something is among the faults.</returns>
    public static KubernetesAccess? Read(KubernetesDiscoveryConfig config, ICollection<string> faults) =>
        config.Kubeconfig is { } path ? new Kubeconfig(path, faults).Read(config.Context) : PodAccount.Read(faults);

    private KubernetesAccess? Read(string? wanted)
    {
        if (ReadRoot() is not { } root)
            return null;
        var name = wanted ?? Text(root, "current-context");
        if (name is null)
            return Refuse(root, "no current-context: name one with the key context");
        if (Named(root, "contexts", "context", name) is not { } context)
            return null;
        if (Text(context, "cluster") is not { } clusterName || Text(context, "user") is not { } userName)
            return Refuse(context, "a context without cluster or user");
        var cluster = Named(root, "clusters", "cluster", clusterName);
        var user = Named(root, "users", "user", userName);
        if (cluster is null || user is null || IsRefused(cluster, s_refusedOfCluster) || IsRefused(user, s_refusedOfUser) || ReadServer(cluster) is not { } server)
            return null;

        var before = _faults.Count;
        var access = new KubernetesAccess(server)
        {
            Authorities = Pem(cluster, "certificate-authority", isSecret: false),
            AuthoritiesFrom = PlaceOf(cluster, "certificate-authority"),
            ServerName = Text(cluster, "tls-server-name"),
            Certificate = Pem(user, "client-certificate", isSecret: false),
            Key = Pem(user, "client-key", isSecret: true),
            TokenFile = Text(user, "tokenFile") is { } file ? Absolute(file) : null,
        };
        if (access.TokenFile is { } tokenFile && PemFiles.IsReadByOthers(tokenFile))
            Refuse(user, $"{tokenFile}: a token that everybody on this host can read; expected chmod 0640");
        else if (access.TokenFile is null && Text(user, "token") is { } token)
            access = access with { Token = Secret(user, token) };
        if (_faults.Count > before)
            return null;
        return KubernetesAccessChecks.Trouble(access) is { } trouble ? Refuse(user, trouble) : access;
    }

    private MappingNode? ReadRoot()
    {
        if (RegularFile.TryRead(_path, FileBytes, out var content, out _) is { } problem)
        {
            _faults.Add($"{_path}: {problem}");
            return null;
        }

        var sink = new DiagnosticSink();
        sink.BeginFile(_path);
        var node = TextDecoder.Decode(new ConfigFile(_path, content), sink) is { } text ? new YamlReader(sink).Read(_path, text) : null;
        if (sink.HasErrors)
        {
            var first = sink.ToSorted()[0];
            _faults.Add($"{first.File}:{first.Line}:{first.Column}: {first.Found}");
            return null;
        }

        if (node is MappingNode root)
            return root;
        _faults.Add($"{_path}: no kubeconfig: a mapping with clusters, users and contexts is expected");
        return null;
    }

    // One of clusters, users, contexts: [{name: NAME, KEY: {...}}].
    private MappingNode? Named(MappingNode root, string list, string key, string name)
    {
        if (root.Find(list) is not SequenceNode items)
        {
            Refuse(root, $"no list {list}");
            return null;
        }

        foreach (var item in items.Items.OfType<MappingNode>())
        {
            if (!string.Equals(Text(item, "name"), name, StringComparison.Ordinal))
                continue;
            if (item.Find(key) is MappingNode found)
                return found;
            Refuse(item, $"no mapping {key}");
            return null;
        }

        Refuse(items, $"no {key} {Printable.Quote(name)} in {list}");
        return null;
    }

    private bool IsRefused(MappingNode mapping, (string Key, string Instead)[] keys)
    {
        foreach (var (key, instead) in keys)
        {
            if (mapping.Find(key) is not { } node || node is ScalarNode { IsNull: true })
                continue;
            Refuse(node, $"{key}, which is not supported; expected {instead}");
            return true;
        }

        if (!string.Equals(Text(mapping, "insecure-skip-tls-verify"), "true", StringComparison.OrdinalIgnoreCase))
            return false;
        Refuse(mapping, "insecure-skip-tls-verify, with which anybody could say where requests go; expected certificate-authority");
        return true;
    }

    private Uri? ReadServer(MappingNode cluster)
    {
        if (Text(cluster, "server") is { } text && Uri.TryCreate(text, UriKind.Absolute, out var server) && server is { UserInfo: "", Query: "", Fragment: "" })
        {
            if (string.Equals(server.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal))
                return server;
            if (string.Equals(server.Scheme, Uri.UriSchemeHttp, StringComparison.Ordinal) && IPAddress.TryParse(server.DnsSafeHost, out var address) && IPAddress.IsLoopback(address))
                return server;
        }

        Refuse(cluster, "no server that can be used; expected https://HOST:PORT, or http to an address of this host");
        return null;
    }

    // A key holds a path, KEY-data the file itself in base64, which goes first as in kubectl.
    private string? Pem(MappingNode mapping, string key, bool isSecret)
    {
        if (Text(mapping, key + "-data") is { } data)
        {
            var bytes = new byte[data.Length];
            if (Convert.TryFromBase64String(data, bytes, out var length))
            {
                var pem = Encoding.Latin1.GetString(bytes, 0, length);
                return isSecret ? Secret(mapping, pem) : pem;
            }

            Refuse(mapping, $"{key}-data that is no base64");
            return null;
        }

        if (Text(mapping, key) is not { } path)
            return null;
        var faults = new List<TlsFault>();
        var content = PemFiles.ReadText(key, Absolute(path), faults);
        if (content is not null && isSecret && PemFiles.IsReadByOthers(Absolute(path)))
            Refuse(mapping, $"{Absolute(path)}: a private key that everybody on this host can read; expected chmod 0640");
        foreach (var fault in faults)
            _faults.Add(fault.Found);
        return content;
    }

    // Where Pem finds it.
    private string? PlaceOf(MappingNode mapping, string key) =>
        Text(mapping, key + "-data") is not null ? $"{_path} ({key}-data)" : Text(mapping, key) is { } path ? Absolute(path) : null;

    private string? Secret(MappingNode mapping, string value)
    {
        if (!PemFiles.IsReadByOthers(_path))
            return value;
        Refuse(mapping, "a secret in a file that everybody on this host can read; expected one that only its owner and group can: chmod 0640");
        return null;
    }

    private string Absolute(string path) => Path.GetFullPath(path, Path.GetDirectoryName(Path.GetFullPath(_path))!); // a file is in a folder

    private static string? Text(MappingNode mapping, string key) => mapping.Find(key) is ScalarNode { IsNull: false, Text: { Length: > 0 } text } ? text : null;

    private KubernetesAccess? Refuse(Node at, string found)
    {
        _faults.Add($"{at.File}:{at.Line}:{at.Column}: {found}");
        return null;
    }
}
