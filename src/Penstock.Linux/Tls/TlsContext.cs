// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Tls;

/// <summary>What sessions have in common: certificates, of one name where they are a server's, and rules. Set up by one thread, then used by any, never changed.</summary>
public sealed unsafe class TlsContext
{
    /// <summary>TLS 1.2, for <see cref="SetLeastVersion"/>.</summary>
    public const int Tls12 = 0x0303;

    /// <summary>TLS 1.3, for <see cref="SetLeastVersion"/>.</summary>
    public const int Tls13 = 0x0304;

    private const ulong NoRenegotiation = 1UL << 30; // SSL_OP_*
    private const ulong PreferOwnCiphers = 1UL << 22;
    private const ulong PreferChaChaIfPeerDoes = 1UL << 21;
    private const ulong NoCompression = 1UL << 17;
    private const ulong NoTicket = 1UL << 14;
    private const int ReleaseBuffers = 0x10; // SSL_MODE_*
    private const int MovingWriteBuffer = 0x02;
    private const int AutoRetry = 0x04;
    private const int NoAutoChain = 0x08; // What a certificate's file has is what is sent.
    private const int PemFile = 1; // SSL_FILETYPE_PEM

    private readonly List<(nint Certificate, TlsStaple Staple)> _staples = [];
    private readonly TlsContextHandle _handle;
    private readonly nint _context;

    /// <summary>A context without certificates.</summary>
    /// <exception cref="TlsException">OpenSSL makes none.</exception>
    public TlsContext()
    {
        _context = Libssl.SSL_CTX_new(Libssl.TLS_method());
        if (_context == 0)
            throw TlsException.Of("OpenSSL");
        _handle = new TlsContextHandle(_context, GCHandle.Alloc(this, GCHandleType.Weak));
        _ = Libssl.SSL_CTX_set_ex_data(_context, 0, GCHandle.ToIntPtr(_handle.Owner));
        _ = Libssl.SSL_CTX_set_options(_context, NoRenegotiation | PreferOwnCiphers | PreferChaChaIfPeerDoes | NoCompression);
        _ = Libssl.SSL_CTX_ctrl(_context, Libssl.ControlMode, ReleaseBuffers | MovingWriteBuffer | AutoRetry | NoAutoChain, null);
        Libssl.SSL_CTX_set_msg_callback(_context, &TlsCallbacks.Message);
        _ = Libssl.SSL_CTX_ctrl(_context, Libssl.ControlReadAhead, 1, null);
        _ = Libssl.SSL_CTX_ctrl(_context, Libssl.ControlSessionCacheMode, 0, null);
        Libssl.SSL_CTX_set_default_passwd_cb(_context, &TlsCallbacks.NoPassword);
    }

    /// <summary>Protocols for ALPN, each with its length before it (RFC 7301 section 3.1), the best first.</summary>
    public byte[] Protocols { get; private set; } = [];

    /// <summary>Keys of session tickets; null: those of OpenSSL, which no other context knows.</summary>
    public TlsTicketKeys? TicketKeys { get; private set; }

    /// <summary>Finds the context for a name that a client asks for (RFC 6066 section 3); null: this one serves all.</summary>
    public Func<string, TlsContext>? ByName { get; private set; }

    /// <summary>Finds what is shown for acme-tls/1; null: nothing is.</summary>
    internal Func<string, TlsChallengeCertificate?>? ChallengeFor { get; private set; }

    /// <summary>Whether it has no certificate and refuses all handshakes.</summary>
    internal bool RefusesAll { get; private set; }

    /// <summary>Counted by OpenSSL for each session; here it is freed when nothing refers to this object any more, no session either.</summary>
    internal nint Pointer => _context;

    /// <summary>The least version, <see cref="Tls12"/> or <see cref="Tls13"/>.</summary>
    public void SetLeastVersion(int version) =>
        Check(Libssl.SSL_CTX_ctrl(_context, Libssl.ControlMinimumVersion, version, null), "least version");

    /// <summary>Ciphers, best first, in OpenSSL's names: of TLS 1.2, and of TLS 1.3.</summary>
    public void SetCiphers(string tls12, string tls13)
    {
        Check(Libssl.SSL_CTX_set_cipher_list(_context, tls12), "ciphers");
        Check(Libssl.SSL_CTX_set_ciphersuites(_context, tls13), "ciphers of TLS 1.3");
    }

    /// <summary>Groups of the key exchange, best first.</summary>
    public void SetGroups(string groups)
    {
        var text = Marshal.StringToCoTaskMemUTF8(groups);
        var result = Libssl.SSL_CTX_ctrl(_context, Libssl.ControlGroupsList, 0, (void*)text);
        Marshal.FreeCoTaskMem(text);
        Check(result, "groups");
    }

    /// <summary>Adds a certificate with its key; a second one takes a key of another kind, RSA beside ECDSA.</summary>
    /// <param name="certificate">File (PEM): the certificate, followed by those between it and the CA.</param>
    /// <param name="key">File (PEM) of its key.</param>
    /// <param name="staple">OCSP response to send with it; null: none.</param>
    /// <exception cref="TlsException">One of the files can't be used, or the key is of another certificate.</exception>
    public void AddCertificate(string certificate, string key, TlsStaple? staple = null)
    {
        Check(Libssl.SSL_CTX_use_certificate_chain_file(_context, certificate), certificate);
        Check(Libssl.SSL_CTX_use_PrivateKey_file(_context, key, PemFile), key);
        Check(Libssl.SSL_CTX_check_private_key(_context), key);
        GC.KeepAlive(this); // one that was made to try files is held by nothing else, and would be freed under OpenSSL
        if (staple is null)
            return;
        _staples.Add((Libssl.SSL_CTX_get0_certificate(_context), staple));
        _ = Libssl.SSL_CTX_callback_ctrl(_context, Libssl.ControlStatusCallback, (delegate* unmanaged<nint, void*, int>)&TlsCallbacks.Staple);
    }

    /// <summary>Adds the certificate of another context, with those between it and the CA and with its key, as they were read then: no file is looked at.</summary>
    /// <param name="other">The one that was given to it last is taken.</param>
    /// <exception cref="TlsException">OpenSSL does not take it, or there is none.</exception>
    public void AddCertificate(TlsContext other)
    {
        ArgumentNullException.ThrowIfNull(other);
        nint chain = 0;
        _ = Libssl.SSL_CTX_ctrl(other._context, Libssl.ControlGetChainCertificates, 0, &chain);
        Check(Libssl.SSL_CTX_use_cert_and_key(_context, Libssl.SSL_CTX_get0_certificate(other._context), Libssl.SSL_CTX_get0_privatekey(other._context), chain, 1), "certificate"); // OpenSSL counts who has what of it.
        GC.KeepAlive(other);
        GC.KeepAlive(this); // as above
    }

    /// <summary>Asks clients for a certificate of these CAs, for client authentication.</summary>
    /// <param name="ca">File (PEM) of the CAs.</param>
    /// <param name="required">Whether a client without one is refused; one with a certificate that can't be verified always is.</param>
    /// <exception cref="TlsException">The file can't be used.</exception>
    public void VerifyClients(string ca, bool required)
    {
        const int verify = 1, failWithout = 2; // SSL_VERIFY_*
        Check(Libssl.SSL_CTX_load_verify_file(_context, ca), ca);
        var names = Libssl.SSL_load_client_CA_file(ca);
        Check(names, ca);
        Libssl.SSL_CTX_set_client_CA_list(_context, names);
        Libssl.SSL_CTX_set_verify(_context, required ? verify | failWithout : verify, 0);
        BelieveAsNamed();

        // A session that goes on is not verified again, and each has a new ticket: a certificate would never end.
        _ = Libssl.SSL_CTX_set_options(_context, NoTicket);
        _ = Libssl.SSL_CTX_set_num_tickets(_context, 0);
    }

    /// <summary>Verifies servers.</summary>
    /// <param name="ca">File (PEM) of the CAs that are believed; null: those of the system.</param>
    /// <exception cref="TlsException">The file can't be used.</exception>
    public void VerifyServers(string? ca)
    {
        const int verify = 1; // SSL_VERIFY_PEER
        Check(ca is null ? Libssl.SSL_CTX_set_default_verify_paths(_context) : Libssl.SSL_CTX_load_verify_file(_context, ca), ca ?? "the system's CAs");
        BelieveAsNamed();
        Libssl.SSL_CTX_set_verify(_context, verify, 0);
    }

    /// <summary>Offers servers a protocol by ALPN.</summary>
    public void OfferProtocol(string name)
    {
        byte[] wire = [(byte)name.Length, .. System.Text.Encoding.ASCII.GetBytes(name)];
        fixed (byte* first = wire)
        {
            Check(Libssl.SSL_CTX_set_alpn_protos(_context, first, (uint)wire.Length) == 0 ? 1 : 0, "protocols");
        }
    }

    /// <summary>Protocols for ALPN; a client that knows none of them, and says so, is refused.</summary>
    public void SetProtocols(params ReadOnlySpan<string> names)
    {
        var wire = new List<byte>();
        foreach (var name in names)
        {
            wire.Add((byte)name.Length);
            wire.AddRange(System.Text.Encoding.ASCII.GetBytes(name));
        }

        Protocols = [.. wire];
        Libssl.SSL_CTX_set_alpn_select_cb(_context, &TlsCallbacks.SelectProtocol, null);
    }

    /// <summary>How sessions go on later.</summary>
    /// <param name="keys">Keys of their tickets.</param>
    /// <param name="domain">At most 32 bytes; sessions of another one are not gone on with.</param>
    /// <param name="lifetime">How long a ticket is good for.</param>
    public void ResumeBy(TlsTicketKeys keys, ReadOnlySpan<byte> domain, TimeSpan lifetime)
    {
        TicketKeys = keys;
        fixed (byte* first = domain)
        {
            Check(Libssl.SSL_CTX_set_session_id_context(_context, first, (uint)domain.Length), "session domain");
        }

        _ = Libssl.SSL_CTX_set_timeout(_context, (nint)lifetime.TotalSeconds);
        _ = Libssl.SSL_CTX_set_tlsext_ticket_key_evp_cb(_context, &TlsCallbacks.TicketKey);
    }

    /// <summary>Chooses the context by the name that a client asks for; all of them have to have the same rules.</summary>
    /// <param name="find">Gives this or another context; called with the name in lower case, without a dot at its end.</param>
    public void ChooseBy(Func<string, TlsContext> find)
    {
        ByName = find;
        _ = Libssl.SSL_CTX_callback_ctrl(_context, Libssl.ControlServerNameCallback, (delegate* unmanaged<nint, int*, void*, int>)&TlsCallbacks.ServerName);
    }

    /// <summary>Answers CAs that ask for the protocol acme-tls/1, and for no other, by a certificate of its own for the name (RFC 8737). Whoever uses the session has to end it then: nothing was verified of the client.</summary>
    /// <param name="find">Gives what is shown for a name in lower case; null: nobody waits for it.</param>
    public void AnswerChallengesBy(Func<string, TlsChallengeCertificate?> find)
    {
        ChallengeFor = find;
        _ = Libssl.SSL_CTX_callback_ctrl(_context, Libssl.ControlServerNameCallback, (delegate* unmanaged<nint, int*, void*, int>)&TlsCallbacks.ServerName);
        Libssl.SSL_CTX_set_client_hello_cb(_context, &TlsCallbacks.ClientHello, null);
    }

    /// <summary>Refuses all handshakes with the alert unrecognized_name (RFC 6066 section 3) but those of <see cref="AnswerChallengesBy"/>: there is no certificate.</summary>
    public void RefuseAll()
    {
        RefusesAll = true;
        _ = Libssl.SSL_CTX_callback_ctrl(_context, Libssl.ControlServerNameCallback, (delegate* unmanaged<nint, int*, void*, int>)&TlsCallbacks.ServerName);
    }

    /// <summary>The context of a callback.</summary>
    internal static TlsContext? Of(nint ssl) =>
        GCHandle.FromIntPtr(Libssl.SSL_CTX_get_ex_data(Libssl.SSL_get_SSL_CTX(ssl), 0)).Target as TlsContext;

    /// <summary>The OCSP response of the certificate that a session uses; null: none that is worth anything.</summary>
    internal byte[]? StapleFor(nint certificate)
    {
        foreach (var (of, staple) in _staples)
        {
            if (of == certificate)
                return TimeProvider.System.GetUtcNow() < staple.Until ? staple.Response : null;
        }

        return null;
    }

    /// <summary>A CA of a file is believed though another one has signed it.</summary>
    private void BelieveAsNamed()
    {
        const nuint partialChain = 0x80000; // X509_V_FLAG_PARTIAL_CHAIN
        _ = Libcrypto.X509_STORE_set_flags(Libssl.SSL_CTX_get_cert_store(_context), partialChain);
    }

    private static void Check(nint result, string what)
    {
        if (result == 0)
            throw TlsException.Of(what);
    }
}
