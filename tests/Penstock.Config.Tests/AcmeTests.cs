// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.Config.Tests;

public sealed class AcmeTests
{
    private const string Authority = "acme: {terms_agreed: true, contact: ops@example.com}\n";
    private const string Plain = "{name: http, bind: \":80\", routes: main}";

    [Fact]
    public void Certificate_ByAcme_IsKeptBelowStateUnderItsFirstName()
    {
        var result = Some.Parse(Text("{acme: [Shop.example.com., www.example.com, shop.example.com]}", Authority + "state: /var/lib/elsewhere\n"));

        result.Lines().ShouldBeEmpty();
        var config = result.Config.ShouldNotBeNull();
        var certificate = config.L7.Listeners[0].Tls.ShouldNotBeNull().Certificates.ShouldHaveSingleItem();
        certificate.Acme.ShouldBe(["shop.example.com", "www.example.com"]);
        (certificate.Cert, certificate.Key).ShouldBe(("/var/lib/elsewhere/acme/certificates/shop.example.com.pem", "/var/lib/elsewhere/acme/certificates/shop.example.com.pem"));
        (config.Acme.ShouldNotBeNull().Proof, config.Acme.Directory).ShouldBe((AcmeProof.Http, "https://acme-v02.api.letsencrypt.org/directory"));
    }

    [Theory]
    [InlineData("{acme: [\"*.example.com\"]}", "the wildcard *.example.com, which a CA proves by dns-01 alone")]
    [InlineData("{acme: [192.0.2.1]}", "'192.0.2.1'; expected DNS names")]
    [InlineData("{acme: [../../etc/passwd]}", "'../../etc/passwd'; expected DNS names")]
    [InlineData("{acme: [localhost]}", "'localhost'; expected DNS names")]
    [InlineData("{acme: []}", "an empty list; expected at least one name")]
    [InlineData("{acme: [a.example.com], cert: /a.crt}", "both cert and acme")]
    [InlineData("{cert: /a.crt}", "no key 'key'; expected cert and key, or acme with names")]
    [InlineData("{acme: [a.example.com]}, {acme: [a.example.com, b.example.com]}", "another certificate whose first name is a.example.com")]
    public void Certificate_ThatCannotBeHad_IsAnError(string certificates, string said) =>
        Some.Parse(Text(certificates, Authority)).Lines().ShouldHaveSingleItem().ShouldContain(said);

    [Theory]
    [InlineData("acme: {terms_agreed: false}\n", "terms of service that are not agreed to")]
    [InlineData("acme: {terms_agreed: true, directory: \"http://127.0.0.1/dir\"}\n", "no URL of a directory; expected one with https")]
    [InlineData("acme: {terms_agreed: true, contact: nobody}\n", "no mail address")]
    [InlineData("", "names for ACME, and no CA")]
    public void Authority_ThatCannotBeAsked_IsAnError(string authority, string said) =>
        Some.Parse(Text("{acme: [a.example.com]}", authority)).Lines().ShouldHaveSingleItem().ShouldContain(said);

    [Theory]
    [InlineData("http", "{name: http, bind: \":8080\", routes: main}", "warning: l7.listeners: no listener without tls at port 80")]
    [InlineData("tls_alpn", "{name: other, bind: \":8080\", routes: main}", null)]
    [InlineData("http", Plain, null)]
    public void Port_ThatTheCaAsksAt_IsWarnedOfWhereNobodyListens(string proof, string listener, string? said)
    {
        var lines = Some.Parse(Text("{acme: [a.example.com]}", $"acme: {{terms_agreed: true, proof: {proof}}}\n", listener)).Lines();

        if (said is null)
            lines.ShouldBeEmpty();
        else
            lines.ShouldHaveSingleItem().ShouldContain(said);
    }

    private static string Text(string certificates, string sections, string plain = Plain) =>
        $"node: lb1\n{sections}l7:\n  listeners:\n    - {{name: front, bind: \":443\", routes: main, tls: {{certificates: [{certificates}]}}}}\n    - {plain}{Some.Tail}";
}
