using Fettle.MarketData;
using Fettle.Services.Stocks.Features;

namespace Fettle.Services.Tests.Stocks;

/// <summary>Prices that arrive bit by bit: market and features of the newest date equal those computed anew, bit for bit.</summary>
public sealed class IncrementalFeaturesTests
{
    static readonly DateOnly Date = DateOnly.FromDayNumber(MarketFeaturesTests.FirstDay + 299);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomArrivals_EqualComputingAnew(int seed)
    {
        var random = new Random(seed);
        var histories = MarketFeaturesTests.Market(30);
        var (arrived, waiting) = Split(histories, random);
        var market = Fresh(arrived, histories);
        var table = market.Compute(Date, 1);
        var (before, inPlace, copied) = (table.Computed, 0, 0);
        while (waiting.Count > 0)
        {
            var chunk = Take(waiting, random);
            arrived.AddRange(chunk);
            var (next, updated) = market.Update(table, Date, chunk);
            (inPlace, copied) = ReferenceEquals(next, market) ? (inPlace + 1, copied) : (inPlace, copied + 1);
            (market, table) = (next, updated);

            var expected = Fresh(arrived, histories).Compute(Date, 1);
            table.Codes.ShouldBe(expected.Codes);
            for (var row = 0; row < expected.Codes.Count; row++)
            {
                table.Has(row).ShouldBe(expected.Has(row), expected.Codes[row]);
                MarketFeaturesTests.Bits(table[row]).ShouldBe(MarketFeaturesTests.Bits(expected[row]), expected.Codes[row]);
            }
        }

        table.Computed.ShouldBeGreaterThan(before, "late listings have features in the end");
        inPlace.ShouldBeGreaterThan(2);
        copied.ShouldBeGreaterThan(2);
    }

    static MarketFeatures Fresh(List<StockBar> bars, Dictionary<string, StockHistory> histories) => MarketFeatures.Create(PricePanel.Build(bars), histories);

    /// <summary>Most stocks lack their last few bars, some lack all (listed late), some lack one in the middle (a gap that is filled).</summary>
    static (List<StockBar> Arrived, List<StockBar> Waiting) Split(Dictionary<string, StockHistory> histories, Random random)
    {
        var (arrived, waiting) = (new List<StockBar>(), new List<StockBar>());
        foreach (var (code, history) in histories)
        {
            var bars = history.Days.Select((d, i) => new StockBar(code, d, history.Closes[i], history.Closes[i] + 1, history.Closes[i] - 0.01, history.Closes[i], history.Volumes[i])).ToList();
            var known = random.Next(6) == 0 ? 0 : bars.Count - random.Next(1, 6);
            var gap = random.Next(5) == 0 ? random.Next(bars.Count) : -1;
            arrived.AddRange(bars.Where((_, i) => i < known && i != gap));
            waiting.AddRange(bars.Where((_, i) => i >= known || i == gap));
        }

        return (arrived, waiting);
    }

    /// <summary>The oldest waiting bars of some stocks.</summary>
    static List<StockBar> Take(List<StockBar> waiting, Random random)
    {
        var codes = waiting.Select(b => b.Code).Distinct().OrderBy(_ => random.Next()).Take(random.Next(1, 9)).ToHashSet();
        var chunk = waiting.Where(b => codes.Contains(b.Code)).GroupBy(b => b.Code)
            .SelectMany(g => g.OrderBy(b => b.Day).Take(g.Count() > 20 ? g.Count() : random.Next(1, 3))).ToList();
        waiting.RemoveAll(chunk.Contains);
        return chunk;
    }
}
