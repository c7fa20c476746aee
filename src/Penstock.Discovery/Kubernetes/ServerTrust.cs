// SPDX-License-Identifier: Apache-2.0
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Penstock.Model.L7;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Why the certificate of an API server is not believed, and what to do about it. Nothing of what the certificate says itself is in it: whoever shows it may be anybody.</summary>
internal static class ServerTrust
{
    /// <summary>What is wrong, for people.</summary>
    /// <param name="access">What the server is reached by.</param>
    /// <param name="chain">The certificate with those that it leads to; null: none could be made.</param>
    /// <param name="errors">What was found; it decides.</param>
    /// <returns>null: nothing is wrong.</returns>
    public static string? Trouble(KubernetesAccess access, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
            return null;
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return "it shows no certificate";
        return errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors)
            ? OfChain(access, chain)
            : $"its certificate is not for {access.ServerName ?? access.Server.DnsSafeHost}: have a name that it is for as the host of server, or as tls-server-name, in the kubeconfig";
    }

    private static string OfChain(KubernetesAccess access, X509Chain? chain)
    {
        var found = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status) ?? X509ChainStatusFlags.PartialChain;
        if ((found & (X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot)) != X509ChainStatusFlags.NoError)
        {
            return access.Authorities is null
                ? "its certificate is not signed by a CA that this system knows: name the API server's own by certificate-authority in the kubeconfig"
                : $"its certificate is not signed by a CA in {access.AuthoritiesFrom ?? "certificate-authority"}: put the CA of this API server there, or correct the address of the server";
        }

        return found.HasFlag(X509ChainStatusFlags.NotTimeValid) && chain is not null ? OutOfTime(chain) : $"its certificate is not good: {found}";
    }

    // Its own, or one of those that have signed it.
    private static string OutOfTime(X509Chain chain)
    {
        var own = chain.ChainElements[0];
        var one = chain.ChainElements.FirstOrDefault(element => Array.Exists(element.ChainElementStatus, status => status.Status.HasFlag(X509ChainStatusFlags.NotTimeValid))) ?? own;
        var (begin, end) = (one.Certificate.NotBefore.ToUniversalTime(), one.Certificate.NotAfter.ToUniversalTime());
        return $"{(ReferenceEquals(one, own) ? "its certificate" : "a CA of its certificate")} is valid from {begin:yyyy-MM-dd HH:mm:ss}Z to {end:yyyy-MM-dd HH:mm:ss}Z, and by this host's clock that is not now";
    }
}
