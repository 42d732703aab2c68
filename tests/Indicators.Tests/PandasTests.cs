using System.Globalization;
using Fettle.Testing;

namespace Fettle.Indicators.Tests;

/// <summary>
/// Every indicator against an independent implementation of TA-Lib's conventions in numpy and pandas (reference.py), with default and other
/// parameters, as a batch on every instruction set that the processor has: |a − b| ≤ 1e-9 · max(|a|, |b|, close), and NaN at the same bars.
/// </summary>
[Trait("Category", "Slow")]
public sealed class PandasTests(PandasReference reference) : IClassFixture<PandasReference>
{
    static readonly SimdLevel[] Levels = [.. Enum.GetValues<SimdLevel>().Where(Simd.IsNative)];

    [RequiresPandasTheory]
    [InlineData("60 bars")]
    [InlineData("137 bars")]
    [InlineData("250 bars")]
    [InlineData("359 bars")]
    [InlineData("cheap, dear and calm")]
    public void GeneratedStocks_EqualPandas(string market) => Compare(market);

    [RequiresPandasFact("prices", "nifty50")]
    public void Nifty50_EqualsPandas()
    {
        var markets = reference.Markets.Keys.Where(k => k.StartsWith("NIFTY", StringComparison.Ordinal)).ToArray();
        markets.Length.ShouldBeGreaterThan(0);
        Array.ForEach(markets, Compare);
    }

    [Fact]
    public void StochasticRsi_IsTheStochasticOfTheIndex()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var bars = Market.Bars(seed, 200);
            var rsi = Market.Compute(new Rsi(14), bars)[0][14..];
            var expected = Market.Compute(new FastStochastic(5, 3), new BarSeries { High = rsi, Low = rsi, Close = rsi }, rsi.Length);
            var actual = Market.Compute(new StochasticRsi(14, 5, 3), bars);
            for (var k = 0; k < 2; k++)
            {
                actual[k][..14].ShouldAllBe(v => double.IsNaN(v));
                Market.FirstDifference(actual[k].AsSpan(14), expected[k]).ShouldBe(-1, $"seed {seed}");
            }
        }
    }

    void Compare(string market)
    {
        var stocks = reference.Markets[market];
        var matrix = Market.Matrix([.. stocks.Select(s => s.Bars)]);
        for (var n = 0; n < reference.Names.Length; n++)
        {
            // INDICATOR[:PARAMETERS].OUTPUT
            var name = reference.Names[n];
            var dot = name.LastIndexOf('.');
            var parts = name[..dot].Split(':');
            var parameters = parts.Length == 1 ? [] : parts[1].Split(',').Select(p => double.Parse(p, CultureInfo.InvariantCulture)).ToArray();
            var batch = new IndicatorBatch(IndicatorCatalog.Create(parts[0], parameters));
            var output = batch.OutputNames.ToList().IndexOf($"{parts[0]}.{name[(dot + 1)..]}");
            output.ShouldBeGreaterThanOrEqualTo(0, name);
            var outputs = batch.OutputNames.Select(_ => new SeriesMatrix(matrix.Stocks, matrix.Capacity)).ToArray();
            foreach (var level in Levels)
            {
                batch.Compute(matrix, outputs, 1, level);
                for (var s = 0; s < stocks.Length; s++)
                {
                    Closeness.Check(outputs[output][s], reference.Expected(market, n, s), stocks[s].Bars[3], $"{name} of {stocks[s].Name}, {level}");
                }
            }
        }
    }

    [RequiresPandasFact]
    public void Reference_CoversTheCatalogue()
    {
        var outputs = IndicatorCatalog.All.Where(e => e.Name != "stochrsi").SelectMany(e => e.Outputs.Select(o => $"{e.Name}.{o}"));
        reference.Names.Where(n => !n.Contains(':')).Order(StringComparer.Ordinal).ShouldBe(outputs.Order(StringComparer.Ordinal));
    }
}

/// <summary>Skips where python3 cannot import pandas, or the named shared data is absent.</summary>
public sealed class RequiresPandasFactAttribute(params string[] data) : RequiresFactAttribute(
    Missing ?? (data.Length > 0 && !SharedData.Has(data) ? $"shared/data/{string.Join('/', data)} (real data beside the checkout)" : null))
{
    internal static string? Missing { get; } = Python.With("pandas") is null ? "python3 with pandas (Debian: python3-pandas)" : null;
}

/// <summary>The same for theories.</summary>
public sealed class RequiresPandasTheoryAttribute() : RequiresTheoryAttribute(RequiresPandasFactAttribute.Missing);
