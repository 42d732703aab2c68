namespace Fettle.MarketData.Tests;

internal static class TestBars
{
    public static readonly int FirstDay = new DateOnly(2024, 1, 1).DayNumber;

    /// <summary>Bars of some stocks; stock k starts k days late and misses every (k + 5)th day.</summary>
    public static List<StockBar> Market(int stocks, int days, int seed = 1)
    {
        var random = new Random(seed);
        var bars = new List<StockBar>();
        for (var s = 0; s < stocks; s++)
        {
            var price = 50.0 + s;
            for (var d = s; d < days; d++)
            {
                if (d % (s + 5) == s + 4)
                {
                    continue;
                }

                price = Math.Round(price * (1 + 0.04 * (random.NextDouble() - 0.5)), 2);
                bars.Add(new StockBar($"{500000 + s}", FirstDay + d, price, price + 1, price - 1, price + 0.05, random.Next(0, 100_000)));
            }
        }

        return bars;
    }

    public static IEnumerable<StockBar> Of(PricePanel panel)
    {
        for (var row = 0; row < panel.Codes.Count; row++)
        {
            for (var i = 0; i < panel.Bars.Counts[row]; i++)
            {
                yield return new StockBar(
                    panel.Codes[row], panel.Days(row)[i], panel.Bars.Open[row][i], panel.Bars.High[row][i], panel.Bars.Low[row][i], panel.Bars.Close[row][i], panel.Bars.Volume[row][i]);
            }
        }
    }

    public static List<StockBar> Sorted(IEnumerable<StockBar> bars) => [.. bars.OrderBy(b => b.Code, StringComparer.Ordinal).ThenBy(b => b.Day)];
}
