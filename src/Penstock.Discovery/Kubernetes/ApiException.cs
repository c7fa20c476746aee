// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>An API server failed. Trying again is safe.</summary>
/// <param name="fault">How.</param>
/// <param name="message">For people.</param>
/// <param name="cause">What was behind it; null: nothing.</param>
internal sealed class ApiException(ApiFault fault, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>How.</summary>
    public ApiFault Fault => fault;

    /// <summary>What of an exception can be told in a line.</summary>
    public static ApiException Of(Exception error, TimeSpan patience)
    {
        // Whoever connects may have said it, within what the HTTP layer makes of that.
        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is ApiException known)
                return known;
        }

        if (error is OperationCanceledException)
            return new ApiException(ApiFault.Unavailable, $"no answer within {patience.TotalSeconds:0.#} s", error);
        if (error is InvalidDataException)
            return new ApiException(ApiFault.Unusable, error.Message, error);

        // Its causes say more than "an error occurred while sending the request".
        var innermost = error;
        while (innermost.InnerException is { } inner)
            innermost = inner;
        return new ApiException(ApiFault.Unavailable, innermost.Message, error);
    }
}
