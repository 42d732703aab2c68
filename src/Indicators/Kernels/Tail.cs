namespace Fettle.Indicators.Kernels;

/// <summary>
/// Where a run may begin when only the value of the last bar is wanted. A window sees its own stretch and the one before (see <see cref="MomentWindow{V}"/>), and
/// stretches are counted from the first bar: begun with the stretch before the last one, every sum has the same bits. Recurrences remember everything and begin at 0.
/// </summary>
internal static class Tail
{
    /// <param name="count">Bars of the series.</param>
    /// <param name="period">Of the window.</param>
    public static int OfWindow(int count, int period)
    {
        var stretch = period - 1;
        return Math.Max(0, ((count - 1) / stretch - 1) * stretch);
    }

    /// <summary>When the value depends on the last bar and the one <paramref name="back"/> bars before.</summary>
    public static int OfDelay(int count, int back) => Math.Max(0, count - 1 - back);
}
