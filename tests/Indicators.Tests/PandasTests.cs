using System.Runtime.InteropServices;
using Fettle.Testing;

namespace Fettle.Indicators.Tests;

/// <summary>Every indicator against an independent implementation in pandas and numpy (reference.py).</summary>
public sealed class PandasTests
{
    [RequiresPandasFact]
    public void GeneratedStocks_EqualPandas() => Compare([.. Enumerable.Range(0, 12).Select(seed => ($"seed {seed}", Market.Bars(seed, 250)))]);

    [RequiresPandasFact]
    public void CheapAndDearStocks_EqualPandas() =>
        Compare([("1e-9", Market.Bars(1, 250, 1e-9)), ("1e12", Market.Bars(2, 250, 1e12)), ("calm 1e6", Market.Bars(3, 250, 1e6, 1e-6))]);

    [RequiresPandasFact]
    public void Nifty50_EqualsPandas()
    {
        var stocks = Nifty50.Stocks().Where((_, i) => i % 8 == 0).ToArray();
        foreach (var sameLength in stocks.GroupBy(s => s.Bars[0].Length))
        {
            Compare([.. sameLength]);
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
            Python.Run(python, script, input, count.ToString(System.Globalization.CultureInfo.InvariantCulture), output);
            var expected = MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(output)).ToArray().Chunk(count).ToArray();
            expected.Length.ShouldBe(stocks.Length * names.Length);
            for (var s = 0; s < stocks.Length; s++)
            {
                Compare(stocks[s].Name, stocks[s].Bars, names, expected[(s * names.Length)..]);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static void Compare(string stock, double[][] bars, string[] names, double[][] expected)
    {
        var compared = 0;
        foreach (var entry in IndicatorCatalog.All)
        {
            var indicator = IndicatorCatalog.Create(entry.Name);
            var actual = Market.Compute(indicator, bars);
            for (var k = 0; k < actual.Length; k++)
            {
                var at = Array.FindIndex(names, n => n == $"{entry.Name}.{entry.Outputs[k]}" || (n == entry.Name && actual.Length == 1));
                if (at >= 0)
                {
                    compared++;
                    Closeness.Check(actual[k], expected[at], bars[3], 0, $"{names[at]} of {stock}");
                }
            }
        }

        compared.ShouldBe(names.Length, "every output of the reference has its counterpart");
    }
}

/// <summary>Skips where python3 cannot import pandas.</summary>
public sealed class RequiresPandasFactAttribute() : RequiresFactAttribute(Python.With("pandas") is null ? "python3 with pandas (Debian: python3-pandas)" : null);
