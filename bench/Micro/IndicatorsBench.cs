using System.Globalization;
using Fettle.Indicators;
using Fettle.Shared.Results;

namespace Fettle.Bench.Micro;

/// <summary>The market of the specification: 11,000 stocks of 365 generated bars.</summary>
internal static class IndicatorMarket
{
    public static BarMatrix Create(int stocks = 11_000, int days = 365)
    {
        var bars = new BarMatrix(stocks, days);
        var random = new Random(1);
        for (var s = 0; s < stocks; s++)
        {
            var price = 50 + random.NextDouble() * 2000;
            for (var d = 0; d < days; d++)
            {
                var open = price;
                price *= 1 + (random.NextDouble() - 0.5) * 0.04;
                bars.Open[s][d] = open;
                bars.Close[s][d] = price;
                bars.High[s][d] = Math.Max(open, price) * 1.01;
                bars.Low[s][d] = Math.Min(open, price) * 0.99;
                bars.Volume[s][d] = random.Next(1000, 1_000_000);
            }

            bars.SetCount(s, days);
        }

        return bars;
    }

    /// <summary>25 outputs: the indicators of the specification's table, and those a feature set commonly adds.</summary>
    public static Indicator[] TwentyFiveOutputs() =>
    [
        new Rsi(14), new Macd(12, 26, 9), new BollingerBands(20, 2), new Atr(14), new Adx(14), new Obv(), new Stochastic(5, 3, 3),
        new Sma(20), new Ema(20), new Wma(20), new Momentum(10), new RateOfChange(10), new WilliamsR(14), new Cci(14), new Mfi(14), new Natr(14), new Dema(20),
    ];
}

/// <summary>25 outputs over the whole market: full results, last bars only, and what writing that many bytes costs at least.</summary>
internal sealed class IndicatorsBatchBench : IBenchmark
{
    public string Name => "indicators-batch";

    public string Summary => "25 indicator outputs over 11,000 x 365 bars, per thread count, with the memory floor";

    public Task RunAsync(ResultDocument result, string[] arguments)
    {
        var bars = IndicatorMarket.Create();
        var batch = new IndicatorBatch(IndicatorMarket.TwentyFiveOutputs());
        var outputs = batch.OutputNames.Select(_ => new SeriesMatrix(bars.Stocks, bars.Capacity)).ToArray();
        var last = new SeriesMatrix(bars.Stocks, outputs.Length);
        var rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 7;
        var timings = Interleaved.Measure(
            rounds,
            ("all bars, 1 thread", 1, () => batch.Compute(bars, outputs, 1)),
            ("all bars, 2 threads", 1, () => batch.Compute(bars, outputs, 2)),
            ("last bars only, 1 thread", 1, () => batch.ComputeLast(bars, default, last, 1)),
            ("last bars only, 2 threads", 1, () => batch.ComputeLast(bars, default, last, 2)),
            ("floor: only writing the results, 1 thread", 1, () => Fill(outputs)));
        var cells = (double)bars.Stocks * bars.Capacity;
        result.Settings["simd"] = Simd.Level.ToString();
        result.Settings["outputs"] = outputs.Length;
        result.Tables.Add(new ResultTable(
            $"{outputs.Length} outputs over {bars.Stocks:N0} x {bars.Capacity} bars, {Simd.Level}",
            ["what", "median ms", "best ms", "ns per bar", "MB written"],
            [.. timings.Select(t => new[]
            {
                t.Name,
                Text(t.MedianNs / 1e6),
                Text(t.MinNs / 1e6),
                Text(t.MedianNs / cells),
                t.Name.StartsWith("last", StringComparison.Ordinal) ? "2" : Text(cells * outputs.Length * 8 / 1e6),
            })],
            "Quoted, on a Zen 4 machine: TA-Lib's C library needs 562 ms for 25 outputs on one thread, 283 on two."));
        return Task.CompletedTask;
    }

    static string Text(double value) => value.ToString("F1", CultureInfo.InvariantCulture);

    static unsafe void Fill(SeriesMatrix[] outputs)
    {
        foreach (var output in outputs)
        {
            for (var row = 0; row < output.Rows; row++)
            {
                fixed (double* target = output[row])
                {
                    for (var i = 0; i < output.Stride; i += 4)
                    {
                        System.Runtime.Intrinsics.Vector256.StoreAlignedNonTemporal(System.Runtime.Intrinsics.Vector256<double>.Zero, target + i);
                    }
                }
            }
        }
    }
}

/// <summary>Nanoseconds per bar of every indicator: series, batch on one and two threads, streaming.</summary>
internal sealed class IndicatorsBench : IBenchmark
{
    public string Name => "indicators";

    public string Summary => "ns per bar of each indicator: series, batch (1 and 2 threads), stream";

    public Task RunAsync(ResultDocument result, string[] arguments)
    {
        const int Stocks = 1100;
        var bars = IndicatorMarket.Create(Stocks);
        bars.Reference = bars.Open;
        var cells = (long)Stocks * bars.Capacity;
        var rows = new List<string[]>();
        foreach (var entry in IndicatorCatalog.All)
        {
            var indicator = IndicatorCatalog.Create(entry.Name);
            var batch = new IndicatorBatch(indicator);
            var outputs = batch.OutputNames.Select(_ => new SeriesMatrix(Stocks, bars.Capacity)).ToArray();
            var timings = Interleaved.Measure(
                3,
                ("series", cells, () => Series(indicator, bars, outputs)),
                ("batch", cells, () => batch.Compute(bars, outputs, 1)),
                ("batch, 2 threads", cells, () => batch.Compute(bars, outputs, 2)),
                ("stream", cells, () => Stream(indicator, bars)));
            rows.Add([entry.Name, .. timings.Select(t => t.MinNs.ToString("F2", CultureInfo.InvariantCulture)), timings[3].BytesPerOperation < 1 ? "0" : "more"]);
        }

        result.Settings["simd"] = Simd.Level.ToString();
        result.Tables.Add(new ResultTable(
            $"Nanoseconds per bar, {Stocks:N0} x {bars.Capacity} bars, {Simd.Level} (best of 3)",
            ["indicator", "series", "batch", "batch, 2 threads", "stream", "bytes per streamed bar"],
            rows));
        return Task.CompletedTask;
    }

    static void Series(Indicator indicator, BarMatrix bars, SeriesMatrix[] outputs)
    {
        for (var s = 0; s < bars.Stocks; s++)
        {
            indicator.Compute(bars[s], new(
                outputs[0][s],
                outputs.Length > 1 ? outputs[1][s] : default,
                outputs.Length > 2 ? outputs[2][s] : default,
                outputs.Length > 3 ? outputs[3][s] : default));
        }
    }

    static void Stream(Indicator indicator, BarMatrix bars)
    {
        var stream = indicator.Stream();
        for (var s = 0; s < bars.Stocks; s++)
        {
            stream.Reset();
            for (var i = 0; i < bars.Capacity; i++)
            {
                stream.Append(new Bar(bars.Open[s][i], bars.High[s][i], bars.Low[s][i], bars.Close[s][i], bars.Volume[s][i]) { Reference = bars.Reference![s][i] });
            }
        }
    }
}
