namespace Fettle.LoadTesting.Reports;

/// <summary>The noise of a run by itself: how far the medians of its half seconds lie from their own median (median absolute deviation, in percent).</summary>
static class BlockNoise
{
    public static double Of(IReadOnlyList<LoadBlock> blocks)
    {
        var medians = blocks.Select(b => b.MedianMilliseconds).Where(m => !double.IsNaN(m)).ToArray();
        if (medians.Length < 3)
        {
            return double.NaN;
        }

        var middle = Median(medians);
        return 100 * 1.4826 * Median([.. medians.Select(m => Math.Abs(m - middle))]) / Math.Max(1e-9, middle);
    }

    public static double Median(double[] values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
