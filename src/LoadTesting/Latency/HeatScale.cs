namespace Fettle.LoadTesting;

/// <summary>The rows of the latency heat map: four per power of two from 16 µs to about 70 s.</summary>
static class HeatScale
{
    public const int Rows = 88;
    const double FirstMilliseconds = 0.016;

    public static double UpperMilliseconds(int row) => FirstMilliseconds * Math.Pow(2, (row + 1) / 4.0);

    public static int RowOf(double milliseconds) =>
        milliseconds <= FirstMilliseconds ? 0 : Math.Clamp((int)Math.Floor(4 * Math.Log2(milliseconds / FirstMilliseconds)), 0, Rows - 1);

    /// <summary>Pairs of row and count, filled rows only.</summary>
    public static int[] Count(LatencyHistogram latency)
    {
        var rows = new int[Rows];
        foreach (var (upper, count) in latency.Buckets())
        {
            rows[RowOf(upper)] += (int)Math.Min(int.MaxValue / 2, count);
        }

        return [.. rows.Select((count, row) => (row, count)).Where(c => c.count > 0).SelectMany(c => new[] { c.row, c.count })];
    }
}
