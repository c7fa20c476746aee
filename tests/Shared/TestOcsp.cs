// SPDX-License-Identifier: Apache-2.0
using System.Formats.Asn1;

namespace Penstock.Tests;

/// <summary>OCSP responses for tests (RFC 6960 section 4.2.1); nobody has signed them.</summary>
internal static class TestOcsp
{
    private static readonly Asn1Tag s_first = new(TagClass.ContextSpecific, 0);

    /// <summary>One.</summary>
    /// <param name="serial">Serial number of its certificate.</param>
    /// <param name="nextUpdate">When it ends; null: it does not say.</param>
    /// <param name="isGood">Whether the certificate is good; else nothing is known of it.</param>
    /// <param name="status">Status of the response; 0: there is one.</param>
    public static byte[] Response(ReadOnlySpan<byte> serial, DateTimeOffset? nextUpdate, bool isGood = true, byte status = 0)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue([0x0a, 1, status]); // An enumeration.
            if (status == 0)
            {
                using (writer.PushSequence(s_first))
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("1.3.6.1.5.5.7.48.1.1"); // id-pkix-ocsp-basic
                    writer.WriteOctetString(Basic(serial, nextUpdate, isGood));
                }
            }
        }

        return writer.Encode();
    }

    private static byte[] Basic(ReadOnlySpan<byte> serial, DateTimeOffset? nextUpdate, bool isGood)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
                    writer.WriteOctetString(new byte[20]); // Hash of the responder's key.
                writer.WriteGeneralizedTime(DateTimeOffset.UnixEpoch, omitFractionalSeconds: true);
                using (writer.PushSequence())
                {
                    WriteOne(writer, [1, 2, 3], nextUpdate, isGood: true);
                    WriteOne(writer, serial, nextUpdate, isGood);
                }
            }

            WriteAlgorithm(writer, "1.2.840.10045.4.3.2"); // ecdsa-with-SHA256
            writer.WriteBitString([0]);
        }

        return writer.Encode();
    }

    private static void WriteOne(AsnWriter writer, ReadOnlySpan<byte> serial, DateTimeOffset? nextUpdate, bool isGood)
    {
        using var _ = writer.PushSequence();
        using (writer.PushSequence())
        {
            WriteAlgorithm(writer, "1.3.14.3.2.26"); // sha1
            writer.WriteOctetString(new byte[20]);
            writer.WriteOctetString(new byte[20]);
            writer.WriteInteger(serial);
        }

        writer.WriteNull(new Asn1Tag(TagClass.ContextSpecific, isGood ? 0 : 2));
        writer.WriteGeneralizedTime(DateTimeOffset.UnixEpoch, omitFractionalSeconds: true);
        if (nextUpdate is not { } next)
            return;
        using (writer.PushSequence(s_first))
            writer.WriteGeneralizedTime(next, omitFractionalSeconds: true);
    }

    private static void WriteAlgorithm(AsnWriter writer, string identifier)
    {
        using (writer.PushSequence())
            writer.WriteObjectIdentifier(identifier);
    }
}
