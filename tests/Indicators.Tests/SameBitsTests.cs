namespace Fettle.Indicators.Tests;

/// <summary>The principle: batch = series = stream, bit for bit, on every instruction set. The scalar series is the oracle.</summary>
public sealed class SameBitsTests
{
    public static TheoryData<string> Names => [.. IndicatorCatalog.All.Select(e => e.Name)];

    public static TheoryData<SimdLevel> Levels => [.. Enum.GetValues<SimdLevel>()];

    static IEnumerable<Indicator> Of(string name) => Market.AllIndicators().Where(i => i.Descriptor.Name == name);

    [Theory]
    [MemberData(nameof(Names))]
    public void Stream_OfAnyBars_EqualsSeries(string name)
    {
        foreach (var indicator in Of(name))
        {
            var bars = WithGaps(Market.Bars(1, 700), 9);
            var series = Market.Compute(indicator, bars);
            var stream = indicator.Stream();
            for (var i = 0; i < 700; i++)
            {
                var first = stream.Append(Market.Bar(bars, i));
                Market.FirstDifference([first], [series[0][i]]).ShouldBe(-1, $"{name} bar {i}");
                for (var k = 0; k < series.Length; k++)
                {
                    Market.FirstDifference(stream.Values.Slice(k, 1), [series[k][i]]).ShouldBe(-1, $"{name} output {k} bar {i}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Batch_OfStocksWithGapsAndShortHistories_EqualsSeries(SimdLevel level)
    {
        // 21 stocks: full tiles and a part of one; lengths around the chunk size, short ones, none at all.
        int[] lengths = [365, 365, 128, 127, 129, 256, 1, 0, 365, 40, 33, 34, 35, 13, 14, 15, 365, 300, 2, 365, 257];
        var stocks = lengths.Select((n, i) => i % 5 == 2 ? WithGaps(Market.Bars(i, n), i) : Market.Bars(i, n)).ToArray();
        var matrix = Market.Matrix(stocks);
        foreach (var indicator in Market.AllIndicators())
        {
            var batch = new IndicatorBatch(indicator);
            var outputs = batch.OutputNames.Select(_ => new SeriesMatrix(matrix.Stocks, matrix.Capacity)).ToArray();
            batch.Compute(matrix, outputs, 1, level);
            AssertEqualsSeries(indicator, stocks, outputs, level.ToString());
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void BatchOfAllIndicators_OnTwoThreads_EqualsSeries(SimdLevel level)
    {
        var stocks = Enumerable.Range(0, 50).Select(i => i == 17 ? WithGaps(Market.Bars(i, 200), 3) : Market.Bars(i, 150 + i)).ToArray();
        var matrix = Market.Matrix(stocks);
        var indicators = Market.AllIndicators().ToArray();
        var batch = new IndicatorBatch(indicators);
        var outputs = batch.OutputNames.Select(_ => new SeriesMatrix(matrix.Stocks, matrix.Capacity)).ToArray();
        batch.Compute(matrix, outputs, 2, level);
        var first = 0;
        foreach (var indicator in indicators)
        {
            var count = indicator.Descriptor.Outputs.Count;
            AssertEqualsSeries(indicator, stocks, outputs[first..(first + count)], level.ToString());
            first += count;
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Last_OfCountsBeforeTheEnd_EqualsTheSeriesThatEndsThere(SimdLevel level)
    {
        var random = new Random(5);
        var stocks = Enumerable.Range(0, 37).Select(i => i % 7 == 3 ? WithGaps(Market.Bars(i, 300), i) : Market.Bars(i, 300)).ToArray();
        var matrix = Market.Matrix(stocks);
        var counts = stocks.Select((s, i) => i == 11 ? 0 : random.Next(1, 301)).ToArray();
        var indicators = Market.AllIndicators().ToArray();
        var batch = new IndicatorBatch(indicators);
        var last = new SeriesMatrix(stocks.Length, batch.OutputNames.Count);
        batch.ComputeLast(matrix, counts, last, 2, level);
        for (var s = 0; s < stocks.Length; s++)
        {
            var expected = indicators
                .SelectMany(i => Market.Compute(i, Market.Series(stocks[s], 0, counts[s]), counts[s]).Select(o => o.Length == 0 ? double.NaN : o[^1]))
                .ToArray();
            var at = Market.FirstDifference(last[s], expected);
            at.ShouldBe(-1, $"stock {s}, {(at >= 0 ? batch.OutputNames[at] : "")}, {level}");
        }
    }

    [Fact]
    public void Batch_LargerThanTheCache_EqualsSeries()
    {
        // Large enough that results are written past the cache.
        var stocks = Enumerable.Range(0, 1003).Select(i => Market.Bars(i, 365)).ToArray();
        var matrix = Market.Matrix(stocks);
        var indicator = new BollingerBands();
        var batch = new IndicatorBatch(indicator);
        var outputs = batch.OutputNames.Select(_ => new SeriesMatrix(matrix.Stocks, matrix.Capacity)).ToArray();
        batch.Compute(matrix, outputs, 2);
        AssertEqualsSeries(indicator, stocks, outputs, Simd.Level.ToString());
    }

    static void AssertEqualsSeries(Indicator indicator, double[][][] stocks, SeriesMatrix[] outputs, string level)
    {
        for (var s = 0; s < stocks.Length; s++)
        {
            var series = Market.Compute(indicator, stocks[s]);
            for (var k = 0; k < series.Length; k++)
            {
                var count = stocks[s][0].Length;
                var at = Market.FirstDifference(outputs[k][s][..count], series[k]);
                at.ShouldBe(-1, $"{indicator.Descriptor.Name}.{indicator.Descriptor.Outputs[k]} stock {s} of {count} bars, {level}: " +
                    (at < 0 ? "" : $"{outputs[k][s][at]:R} instead of {series[k][at]:R}"));
                outputs[k][s][count..].ToArray().ShouldAllBe(v => double.IsNaN(v));
            }
        }
    }

    internal static double[][] WithGaps(double[][] bars, int seed)
    {
        var random = new Random(seed);
        for (var gap = 0; gap < 4 && bars[0].Length > 0; gap++)
        {
            bars[random.Next(6)][random.Next(bars[0].Length)] = gap switch { 0 => double.PositiveInfinity, 1 => double.NegativeInfinity, _ => double.NaN };
        }

        return bars;
    }
}
