namespace Fettle.Services.Stocks.Features;

/// <summary>
/// What the database holds about one stock, in date order. A history may reach beyond the date of a prediction: the calculator
/// looks only at what was known by then, so a history loaded for one date and a resident one give the same bits.
/// </summary>
internal sealed class StockHistory
{
    public required StockIdentity Stock { get; init; }

    /// <summary>Day numbers of the bars, ascending, and what happened on them.</summary>
    public int[] Days { get; init; } = [];

    public double[] Closes { get; init; } = [];

    public double[] Volumes { get; init; } = [];

    /// <summary>In order of fiscal year and quarter.</summary>
    public QuarterResult[] Quarters { get; init; } = [];

    /// <summary>In order of publication.</summary>
    public NewsItem[] News { get; init; } = [];

    /// <summary>Day numbers of past and coming announcements, ascending.</summary>
    public int[] Announcements { get; init; } = [];

    /// <summary>How many bars lie on or before the day.</summary>
    public int BarsUpTo(int day) => CountUpTo(Days, day);

    internal static int CountUpTo(ReadOnlySpan<int> ascending, int value)
    {
        var (low, high) = (0, ascending.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (ascending[middle] <= value)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}

/// <summary>How a stock is named; a stock of the exchange may have no symbol on the other one.</summary>
internal sealed record StockIdentity(string BseCode, string? NseSymbol, string CompanyName, string? Industry, string Status);

/// <summary>One quarter; a figure that the company did not report is NaN.</summary>
internal readonly record struct QuarterResult(
    int Year, int Quarter, int AnnouncedDay, double Revenue, double Profit, double NetMargin, double Equity, double Debt, double CurrentAssets, double CurrentLiabilities)
{
    /// <summary>Consecutive quarters have consecutive indexes.</summary>
    public int Index => Year * 4 + Quarter - 1;
}

internal readonly record struct NewsItem(long Ticks, double Score);
