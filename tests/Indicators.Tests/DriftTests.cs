using System.Runtime.InteropServices;
using Fettle.Indicators.Kernels;

namespace Fettle.Indicators.Tests;

/// <summary>
/// A million bars of 10⁶ ± 10⁻³: every indicator of the catalogue at their end against its own kernel in decimal arithmetic. The decimal run begins
/// <see cref="Run"/> bars before the end, since what lies further back has no weight left; where it has, or with FETTLE_SOAK, it begins at the first bar
/// and every bar is compared.
/// </summary>
[Trait("Category", "Slow")]
public sealed class DriftTests
{
    const int Count = 1_000_000;
    const int Run = 16_000;
    const int Compared = 8_000;
    const double Step = 1.0 / (1 << 20);

    static readonly bool Soak = Environment.GetEnvironmentVariable("FETTLE_SOAK") is { Length: > 0 };

    /// <summary>Their values depend on every bar since the first.</summary>
    static readonly string[] Unforgetting = ["obv", "drawdown"];

    // Of the range that the output moves in. Prices at 10⁶ are known to 10⁻¹⁰, a ten-millionth of their spread here; drift would show as thousands of times that.
    const double Allowed = 2e-6;

    static readonly Lazy<double[][]> Calm = new(CalmMarket);

    public static TheoryData<string> Names => [.. IndicatorCatalog.All.Select(e => e.Name)];

    /// <summary>Prices on a binary grid: sums of a few of them are exact in double and in decimal, so that both see the same ties.</summary>
    static double[][] CalmMarket()
    {
        var random = new Random(12);
        var columns = Enumerable.Range(0, 6).Select(_ => new double[Count]).ToArray();
        var close = 1e6;
        for (var i = 0; i < Count; i++)
        {
            var open = close;
            close = 1e6 + random.Next(-1024, 1025) * Step;
            columns[0][i] = open;
            columns[1][i] = Math.Max(open, close) + random.Next(200) * Step;
            columns[2][i] = Math.Min(open, close) - random.Next(200) * Step;
            columns[3][i] = close;
            columns[4][i] = random.Next(20) == 0 ? 0 : random.Next(1, 1_000_000);
            columns[5][i] = 1e6 + random.Next(-1024, 1025) * Step;
        }

        return columns;
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void MillionCalmBars_StayAsExactAsTheFirst(string name)
    {
        var indicator = IndicatorCatalog.Create(name);
        var actual = Market.Compute(indicator, Calm.Value);
        var whole = Soak || Unforgetting.Contains(name);
        var expected = InDecimal(indicator, whole ? 0 : Count - Run);
        var compared = whole ? Count : Compared;
        for (var k = 0; k < actual.Length; k++)
        {
            ShouldBeClose(actual[k][^compared..], expected[k][^compared..], $"{name}.{indicator.Descriptor.Outputs[k]}");
        }
    }

    /// <summary>The textbook's running sums, added and subtracted, are what the limit must catch.</summary>
    [Fact]
    public void RunningSums_WouldBeCaught()
    {
        const int Period = 20;
        var close = Calm.Value[3];
        var expected = InDecimal(new StandardDeviation(Period), Count - Run)[0];
        var naive = new double[Count];
        double sum = 0, squares = 0;
        for (var i = 0; i < Count; i++)
        {
            sum += close[i];
            squares += close[i] * close[i];
            if (i >= Period)
            {
                sum -= close[i - Period];
                squares -= close[i - Period] * close[i - Period];
            }

            naive[i] = i < Period - 1 ? double.NaN : Math.Sqrt(Math.Max(0, squares / Period - sum / Period * (sum / Period)));
        }

        Should.Throw<Xunit.Sdk.XunitException>(() => ShouldBeClose(naive[^Compared..], expected[^Compared..], "naive"));
    }

    static void ShouldBeClose(double[] actual, double[] expected, string what)
    {
        var known = expected.Where(v => !double.IsNaN(v)).ToArray();
        var limit = Allowed * (known.Max() - known.Min());
        for (var i = 0; i < expected.Length; i++)
        {
            if (double.IsNaN(expected[i]) != double.IsNaN(actual[i]) || Math.Abs(actual[i] - expected[i]) > limit)
            {
                Assert.Fail($"{what}, bar {i} of the last {expected.Length}: {actual[i]:R} instead of {expected[i]:R}; allowed is {limit:R}");
            }
        }
    }

    /// <summary>The outputs from bar <paramref name="begin"/> on, of a run that begins there.</summary>
    static unsafe double[][] InDecimal(Indicator indicator, int begin)
    {
        var columns = Calm.Value;
        const int Chunk = 4096, Columns = 10;
        var memory = (DecimalLane*)NativeMemory.Alloc((nuint)(Chunk * Columns), (nuint)sizeof(DecimalLane));
        var runner = indicator.CreateRunner<DecimalLane>();
        runner.Reset();
        var tile = new Tile<DecimalLane>
        {
            Open = memory,
            High = memory + Chunk,
            Low = memory + 2 * Chunk,
            Close = memory + 3 * Chunk,
            Volume = memory + 4 * Chunk,
            Reference = memory + 5 * Chunk,
            Out0 = memory + 6 * Chunk,
            Out1 = memory + 7 * Chunk,
            Out2 = memory + 8 * Chunk,
            Out3 = memory + 9 * Chunk,
        };
        var outputs = indicator.Descriptor.Outputs.Select(_ => new double[Count - begin]).ToArray();
        for (var from = begin; from < Count; from += Chunk)
        {
            var count = Math.Min(Chunk, Count - from);
            for (var c = 0; c < columns.Length; c++)
            {
                for (var i = 0; i < count; i++)
                {
                    memory[c * Chunk + i] = DecimalLane.Create(columns[c][from + i]);
                }
            }

            runner.Run(tile, 0, count);
            for (var k = 0; k < outputs.Length; k++)
            {
                for (var i = 0; i < count; i++)
                {
                    outputs[k][from - begin + i] = memory[(6 + k) * Chunk + i].ToDouble();
                }
            }
        }

        NativeMemory.Free(memory);
        return outputs;
    }
}
