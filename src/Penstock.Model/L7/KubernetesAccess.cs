// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>How an API server of Kubernetes is reached, and what this host proves itself by: what a kubeconfig or the account of a pod says. It holds secrets.</summary>
/// <param name="Server">Its address: <c>https</c>, or <c>http</c> on this host (kubectl proxy).</param>
public sealed record KubernetesAccess(Uri Server)
{
    /// <summary>CAs (PEM) that the server's certificate is believed of; null: those of the system.</summary>
    public string? Authorities { get; init; }

    /// <summary>Where <see cref="Authorities"/> stand, for messages: a file, and of one that holds more the key; null: it is not known, or there are none.</summary>
    public string? AuthoritiesFrom { get; init; }

    /// <summary>Name that the server's certificate has to be for; null: the host of <see cref="Server"/>.</summary>
    public string? ServerName { get; init; }

    /// <summary>Client certificate (PEM), followed by those between it and its CA; null: none.</summary>
    public string? Certificate { get; init; }

    /// <summary>Its private key (PEM).</summary>
    public string? Key { get; init; }

    /// <summary>Bearer token; null: none, or <see cref="TokenFile"/>.</summary>
    public string? Token { get; init; }

    /// <summary>File of the bearer token, to be read anew for each request: whoever issues tokens replaces it; null: none.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The server alone, for logs.</summary>
    public override string ToString() => Server.ToString();
}
