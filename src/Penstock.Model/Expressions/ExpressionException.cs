// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Expressions;

/// <summary>A text that is no regular expression, or none that can be evaluated in linear time.</summary>
/// <param name="message">What is wrong, as a phrase without a full stop.</param>
/// <param name="offset">Where, in characters from 0.</param>
public sealed class ExpressionException(string message, int offset) : FormatException(message)
{
    /// <summary>Where it is wrong, in characters from 0.</summary>
    public int Offset => offset;
}
