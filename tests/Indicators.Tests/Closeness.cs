namespace Fettle.Indicators.Tests;

/// <summary>The exactness that is promised: |a − b| ≤ 1e-9 · max(|a|, |b|, close).</summary>
internal static class Closeness
{
    public const double Tolerance = 1e-9;

    /// <param name="warmUp">Both must be NaN before, and the reference may be NaN only before or where the result is.</param>
    /// <param name="ignore">Bars at which the reference itself is noise.</param>
    public static void Check(double[] actual, double[] expected, double[] close, int warmUp, string what, Func<int, bool>? ignore = null)
    {
        actual.Length.ShouldBe(expected.Length, what);
        for (var i = 0; i < actual.Length; i++)
        {
            var same = double.IsNaN(expected[i])
                ? double.IsNaN(actual[i]) || i < warmUp
                : Math.Abs(actual[i] - expected[i]) <= Tolerance * Math.Max(Math.Max(Math.Abs(actual[i]), Math.Abs(expected[i])), Math.Abs(close[i]));
            if (!same && ignore?.Invoke(i) != true)
            {
                Assert.Fail($"{what}, bar {i} of {actual.Length}: {actual[i]:R} instead of {expected[i]:R}");
            }
        }
    }
}
