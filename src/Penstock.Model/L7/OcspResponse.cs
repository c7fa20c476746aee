// SPDX-License-Identifier: Apache-2.0
using System.Formats.Asn1;

namespace Penstock.Model.L7;

/// <summary>What a CA says of one certificate by OCSP (RFC 6960 section 4.2.1). Its signature is left to those who get it.</summary>
/// <param name="IsGood">Whether the certificate is neither revoked nor unknown.</param>
/// <param name="NextUpdate">When there is a newer one, and this is worth nothing any more; the end of time where that is not said.</param>
public sealed record OcspResponse(bool IsGood, DateTimeOffset NextUpdate)
{
    private static readonly Asn1Tag s_first = new(TagClass.ContextSpecific, 0);

    /// <summary>Reads one.</summary>
    /// <param name="der">The response.</param>
    /// <param name="serial">Serial number of the certificate, as in it.</param>
    /// <exception cref="FormatException">It is something else, an error of the responder's, or of another certificate.</exception>
    public static OcspResponse Read(ReadOnlyMemory<byte> der, ReadOnlySpan<byte> serial)
    {
        try
        {
            var response = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
            var status = response.ReadEnumeratedBytes().Span[^1];
            if (status != 0)
                throw new FormatException($"an error of the OCSP responder, status {status}");
            var bytes = response.ReadSequence(s_first).ReadSequence();
            bytes.ReadObjectIdentifier();
            var data = new AsnReader(bytes.ReadOctetString(), AsnEncodingRules.BER).ReadSequence().ReadSequence();
            if (data.PeekTag().HasSameClassAndValue(s_first))
                data.ReadEncodedValue(); // The version.
            data.ReadEncodedValue(); // The responder.
            data.ReadGeneralizedTime(); // When it was made.
            var all = data.ReadSequence();
            while (all.HasData)
            {
                var one = all.ReadSequence();
                if (SerialOf(one.ReadSequence()).Span.SequenceEqual(serial))
                    return ReadRest(one);
            }
        }
        catch (AsnContentException e)
        {
            throw new FormatException("not an OCSP response", e);
        }

        throw new FormatException("an OCSP response for another certificate");
    }

    private static ReadOnlyMemory<byte> SerialOf(AsnReader certificate)
    {
        certificate.ReadEncodedValue(); // How the issuer's name and key are hashed; the hashes.
        certificate.ReadEncodedValue();
        certificate.ReadEncodedValue();
        return certificate.ReadIntegerBytes();
    }

    private static OcspResponse ReadRest(AsnReader one)
    {
        var isGood = one.PeekTag().HasSameClassAndValue(s_first);
        one.ReadEncodedValue();
        one.ReadGeneralizedTime(); // Since when.
        var next = one.HasData && one.PeekTag().HasSameClassAndValue(s_first) ? one.ReadSequence(s_first).ReadGeneralizedTime() : DateTimeOffset.MaxValue;
        return new OcspResponse(isGood, next);
    }
}
