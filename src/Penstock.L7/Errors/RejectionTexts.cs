// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.L7.Http1;

namespace Penstock.L7.Errors;

/// <summary>Texts of errors, each made when it is first needed. One for each reactor.</summary>
internal sealed class RejectionTexts
{
    /// <summary>Each reload brings new fields: with so many, what belongs to the old ones goes.</summary>
    private const int MaxFields = 256;

    private readonly Dictionary<(ProxyStatusField Field, ProxyError Error, RejectReason Rejection), byte[]> _fields = [];
    private readonly Dictionary<(ProxyError Error, RejectReason Rejection), byte[]> _bodies = [];

    /// <summary>The Proxy-Status of a message that the codec rejected.</summary>
    internal byte[] FieldOf(ProxyStatusField field, ProxyError error, RejectReason rejection)
    {
        if (_fields.TryGetValue((field, error, rejection), out var text))
            return text;
        if (_fields.Count > MaxFields)
            _fields.Clear();
        return _fields[(field, error, rejection)] = field.Compose(error, rejection.Token());
    }

    /// <summary>The body of an error's response: its token and one sentence.</summary>
    internal byte[] BodyOf(ProxyError error, RejectReason rejection)
    {
        if (error is not (ProxyError.RequestRejected or ProxyError.ResponseRejected))
            rejection = RejectReason.None;
        if (_bodies.TryGetValue((error, rejection), out var text))
            return text;
        var info = ProxyErrors.Of(error);
        var token = rejection == RejectReason.None ? info.Token : rejection.Token();
        return _bodies[(error, rejection)] = Encoding.UTF8.GetBytes($"{token}: {info.Meaning}\n");
    }
}
