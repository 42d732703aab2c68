namespace Fettle.Indicators.Tests;

/// <summary>The exactness that is promised: |a − b| ≤ 1e-9 · max(|a|, |b|, close).</summary>
internal static class Closeness
{
    public const double Tolerance = 1e-9;

    /// <summary>NaN at the same bars, and close at the others.</summary>
    public static void Check(ReadOnlySpan<double> actual, ReadOnlySpan<double> expected, double[] close, string what)
    {
        actual.Length.ShouldBe(expected.Length, what);
        for (var i = 0; i < actual.Length; i++)
        {
            var same = double.IsNaN(expected[i])
                ? double.IsNaN(actual[i])
                : Math.Abs(actual[i] - expected[i]) <= Tolerance * Math.Max(Math.Max(Math.Abs(actual[i]), Math.Abs(expected[i])), Math.Abs(close[i]));
            if (!same)
            {
                Assert.Fail($"{what}, bar {i} of {actual.Length}: {actual[i]:R} instead of {expected[i]:R}");
            }
        }
    }
}
