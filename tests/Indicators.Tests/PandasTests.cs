using System.Globalization;
using System.Runtime.InteropServices;
using Fettle.Testing;

namespace Fettle.Indicators.Tests;

/// <summary>
/// Every indicator against an independent implementation of TA-Lib's conventions in numpy and pandas (reference.py), with default and other
/// parameters: |a − b| ≤ 1e-9 · max(|a|, |b|, close), and NaN at the same bars.
/// </summary>
[Trait("Category", "Slow")]
public sealed class PandasTests
{
    [RequiresPandasTheory]
    [InlineData(0, 60)]
    [InlineData(250, 137)]
    [InlineData(500, 250)]
    [InlineData(750, 359)]
    public void GeneratedStocks_EqualPandas(int seed, int bars) =>
        Compare([.. Enumerable.Range(seed, 250).Select(s => ($"seed {s}", Market.Bars(s, bars)))]);

    [RequiresPandasFact]
    public void CheapAndDearStocks_EqualPandas() =>
        Compare([("1e-9", Market.Bars(1, 250, 1e-9)), ("1e12", Market.Bars(2, 250, 1e12)), ("calm 1e6", Market.Bars(3, 250, 1e6, 1e-6))]);

    [RequiresPandasFact]
    public void Nifty50_EqualsPandas()
    {
        foreach (var sameLength in Nifty50.Stocks().GroupBy(s => s.Bars[0].Length))
        {
            Compare([.. sameLength]);
        }
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

    static void Compare((string Name, double[][] Bars)[] stocks)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "reference.py");
        var python = Python.With("pandas")!;
        var names = Python.Run(python, script, "--names").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var count = stocks[0].Bars[0].Length;
        var folder = Directory.CreateTempSubdirectory("fettle-pandas");
        try
        {
            var (input, output) = (Path.Combine(folder.FullName, "bars.bin"), Path.Combine(folder.FullName, "out.bin"));
            File.WriteAllBytes(input, [.. stocks.SelectMany(s => s.Bars).SelectMany(c => MemoryMarshal.AsBytes<double>(c).ToArray())]);
            Python.Run(python, script, input, stocks.Length.ToString(CultureInfo.InvariantCulture), count.ToString(CultureInfo.InvariantCulture), output);
            var expected = MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(output)).ToArray().Chunk(count).ToArray();
            expected.Length.ShouldBe(stocks.Length * names.Length);
            for (var n = 0; n < names.Length; n++)
            {
                Compare(names[n], stocks, expected[(n * stocks.Length)..((n + 1) * stocks.Length)]);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <param name="name">INDICATOR[:PARAMETERS].OUTPUT.</param>
    static void Compare(string name, (string Name, double[][] Bars)[] stocks, double[][] expected)
    {
        var dot = name.LastIndexOf('.');
        var parts = name[..dot].Split(':');
        var parameters = parts.Length == 1 ? [] : parts[1].Split(',').Select(p => double.Parse(p, CultureInfo.InvariantCulture)).ToArray();
        var indicator = IndicatorCatalog.Create(parts[0], parameters);
        var output = indicator.Descriptor.Outputs.ToList().IndexOf(name[(dot + 1)..]);
        output.ShouldBeGreaterThanOrEqualTo(0, name);
        for (var s = 0; s < stocks.Length; s++)
        {
            Closeness.Check(Market.Compute(indicator, stocks[s].Bars)[output], expected[s], stocks[s].Bars[3], 0, $"{name} of {stocks[s].Name}");
        }
    }

    [RequiresPandasFact]
    public void Reference_CoversTheCatalogue()
    {
        var names = Python.Run(Python.With("pandas")!, Path.Combine(AppContext.BaseDirectory, "reference.py"), "--names").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var outputs = IndicatorCatalog.All.Where(e => e.Name != "stochrsi").SelectMany(e => e.Outputs.Select(o => $"{e.Name}.{o}"));
        names.Where(n => !n.Contains(':')).Order(StringComparer.Ordinal).ShouldBe(outputs.Order(StringComparer.Ordinal));
    }
}

/// <summary>Skips where python3 cannot import pandas.</summary>
public sealed class RequiresPandasFactAttribute() : RequiresFactAttribute(Missing)
{
    internal static string? Missing { get; } = Python.With("pandas") is null ? "python3 with pandas (Debian: python3-pandas)" : null;
}

/// <summary>The same for theories.</summary>
public sealed class RequiresPandasTheoryAttribute() : RequiresTheoryAttribute(RequiresPandasFactAttribute.Missing);
