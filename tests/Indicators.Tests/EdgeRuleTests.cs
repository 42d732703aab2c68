using System.Globalization;
using System.Text;
using Fettle.Testing;

namespace Fettle.Indicators.Tests;

/// <summary>Odd input on every path: for each indicator of the catalogue the series, the stream and the batch of each instruction set give the same bits.</summary>
public sealed class EdgeRuleTests
{
    const int Bars = 150;

    public static TheoryData<string> Names => [.. Inputs.Keys];

    static readonly Indicator[] Indicators = [.. Market.AllIndicators()];
    static readonly IndicatorBatch Batch = new(Indicators);

    static readonly Dictionary<string, Func<double[][]>> Inputs = new()
    {
        ["no bar"] = () => Market.Bars(1, 0),
        ["one bar"] = () => Market.Bars(1, 1),
        ["two bars"] = () => Market.Bars(2, 2),
        ["shorter than most periods"] = () => Market.Bars(3, 12),
        ["constant prices"] = () => Flat(100, 1000),
        ["constant prices of 0"] = () => Flat(0, 1000),
        ["no volume"] = () => With(4, _ => 0),
        ["prices of 1e-9"] = () => Market.Bars(4, Bars, 1e-9),
        ["prices of 1e12"] = () => Market.Bars(5, Bars, 1e12),
        ["denormal prices"] = () => Market.Bars(6, Bars, 5e-310),
        ["the smallest double"] = () => Flat(double.Epsilon, 1),
        ["calm prices of 1e6"] = () => Market.Bars(7, Bars, 1e6, 1e-9),
        ["negative prices"] = () => Each(v => -v),
        ["prices around 0"] = () => Each(v => v - 100),
        ["NaN in every column"] = () => With(-1, i => i % 37 == 20 ? double.NaN : null),
        ["infinities"] = () => With(-1, i => i % 41 == 7 ? double.PositiveInfinity : i % 41 == 30 ? double.NegativeInfinity : null),
        ["nothing but NaN"] = () => With(-1, _ => double.NaN),
        ["every other bar a gap"] = () => With(3, i => i % 2 == 0 ? double.NaN : null),
        ["a spike of 1e12"] = () => With(-1, i => i == 60 ? 1e12 : null),
        ["high below low"] = () => Swapped(),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void OddInput_IsTheSameOnEveryPath(string input)
    {
        var bars = Inputs[input]();
        var count = bars[0].Length;

        // Nine stocks: the odd one shares its registers with ordinary ones, and one tile is not full.
        var stocks = Enumerable.Range(0, 9).Select(i => i is 2 or 8 ? bars : Market.Bars(50 + i, Bars)).ToArray();
        var matrix = Market.Matrix(stocks);
        var batches = Enum.GetValues<SimdLevel>().Select(level => (Level: level, Outputs: Compute(matrix, level))).ToArray();
        var first = 0;
        foreach (var indicator in Indicators)
        {
            var series = Market.Compute(indicator, bars);
            var streamed = Stream(indicator, bars);
            for (var k = 0; k < series.Length; k++, first++)
            {
                var what = $"{Batch.OutputNames[first]} of {input}";
                Market.FirstDifference(streamed[k], series[k]).ShouldBe(-1, what + ", stream");
                foreach (var (level, outputs) in batches)
                {
                    Market.FirstDifference(outputs[first][2][..count], series[k]).ShouldBe(-1, $"{what}, {level}");
                    Market.FirstDifference(outputs[first][8][..count], series[k]).ShouldBe(-1, $"{what}, {level}, last tile");
                }

                series[k].ShouldAllBe(v => !double.IsInfinity(v), what);
                series[k].Take(indicator.WarmUp).ShouldAllBe(v => double.IsNaN(v), what);
            }
        }

        first.ShouldBe(Batch.OutputNames.Count);
    }

    static SeriesMatrix[] Compute(BarMatrix matrix, SimdLevel level)
    {
        var outputs = Batch.OutputNames.Select(_ => new SeriesMatrix(matrix.Stocks, matrix.Capacity)).ToArray();
        Batch.Compute(matrix, outputs, 1, level);
        return outputs;
    }

    static double[][] Stream(Indicator indicator, double[][] bars)
    {
        var stream = indicator.Stream();
        var streamed = indicator.Descriptor.Outputs.Select(_ => new double[bars[0].Length]).ToArray();
        for (var i = 0; i < bars[0].Length; i++)
        {
            stream.Append(Market.Bar(bars, i));
            for (var k = 0; k < streamed.Length; k++)
            {
                streamed[k][i] = stream.Values[k];
            }
        }

        return streamed;
    }

    /// <summary>The table of docs/indicators.md is the rule: each line is made from what the indicator does.</summary>
    [Fact]
    public void Documentation_StatesTheRuleOfEveryIndicator()
    {
        var documented = File.ReadLines(Programs.RepositoryFile("docs/indicators.md"))
            .SkipWhile(l => !l.StartsWith("| name |", StringComparison.Ordinal)).Skip(2).TakeWhile(l => l.StartsWith('|'));
        documented.ShouldBe(IndicatorCatalog.All.OrderBy(e => e.Name, StringComparer.Ordinal).Select(Line));
    }

    static string Line(IndicatorDescriptor entry)
    {
        var indicator = IndicatorCatalog.Create(entry.Name);
        var constant = Market.Compute(indicator, Flat(137, 1000));
        var silent = Market.Compute(indicator, With(4, _ => 0));
        var reads = string.Concat("open high low close volume reference".Split(' ').Where((_, i) => ((int)entry.Inputs & 1 << i) != 0).Select(n => char.ToUpperInvariant(n[0])));
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"| {entry.Name} | {reads} | {string.Join(", ", entry.Outputs)} | {indicator.WarmUp} | {Values(constant)} | ");
        line.Append(entry.Inputs.HasFlag(BarFields.Volume) ? Values(silent) : "–");
        return line.Append(" |").ToString();
    }

    static string Values(double[][] outputs) => string.Join(", ", outputs.Select(o => o[^1] switch
    {
        double.NaN => "NaN",
        137 => "price",
        1000 => "volume",
        var value => value.ToString("R", CultureInfo.InvariantCulture),
    }));

    static double[][] Flat(double price, double volume) =>
        [.. Enumerable.Range(0, 6).Select(c => Enumerable.Repeat(c == 4 ? volume : price, Bars).ToArray())];

    static double[][] Each(Func<double, double> change)
    {
        var bars = Market.Bars(8, Bars);
        return [.. bars.Select((c, f) => f == 4 ? c : Array.ConvertAll(c, v => change(v)))];
    }

    /// <summary>Replaces values of one column, or of all (−1).</summary>
    static double[][] With(int column, Func<int, double?> value)
    {
        var bars = Market.Bars(9, Bars);
        for (var c = 0; c < bars.Length; c++)
        {
            for (var i = 0; i < Bars && (column < 0 || column == c); i++)
            {
                bars[c][i] = value(i) ?? bars[c][i];
            }
        }

        return bars;
    }

    static double[][] Swapped()
    {
        var bars = Market.Bars(10, Bars);
        (bars[1], bars[2]) = (bars[2], bars[1]);
        return bars;
    }
}
