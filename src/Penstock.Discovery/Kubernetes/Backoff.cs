// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>Waits that double with each failure, each cut by up to half at random, so that many hosts do not come back in step.</summary>
/// <param name="first">The first wait.</param>
/// <param name="last">The longest.</param>
/// <param name="random">Draws from 0 to 1.</param>
internal sealed class Backoff(TimeSpan first, TimeSpan last, Func<double> random)
{
    private const int MostDoublings = 16;
    private int _failures;

    /// <summary>The wait after one more failure.</summary>
    public TimeSpan Next()
    {
        var wait = first * Math.Pow(2, _failures);
        _failures = Math.Min(_failures + 1, MostDoublings);
        return (wait < last ? wait : last) * (1 - (0.5 * random()));
    }

    /// <summary>Begins anew.</summary>
    public void Reset() => _failures = 0;
}
