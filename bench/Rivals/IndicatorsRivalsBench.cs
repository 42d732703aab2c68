using System.Globalization;
using System.Runtime.InteropServices;
using Fettle.Bench.Micro;
using Fettle.Bench.Rivals.Indicators;
using Fettle.Indicators;
using Fettle.Shared.Results;
using Fettle.Testing;

namespace Fettle.Bench.Rivals;

/// <summary>Nanoseconds per bar of every indicator: Fettle as series, batch and stream against the plain scalar loop, pandas and TA-Lib's C library on the same bars in one run.</summary>
internal sealed class IndicatorsRivalsBench : IBenchmark
{
    public string Name => "indicators-rivals";

    public string Summary => "every indicator against the plain loop, pandas and TA-Lib (eng/talib.sh): indicators-rivals [stocks] [rounds]";

    public Task RunAsync(ResultDocument result, string[] arguments)
    {
        var stocks = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 550;
        var rounds = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 3;
        var market = IndicatorMarket.Create(stocks);
        market.Reference = market.Open;
        var plain = Enumerable.Range(0, stocks).Select(s => PlainOf(market[s])).ToArray();
        var pandas = Pandas(market);
        var cells = (long)stocks * market.Capacity;
        var talib = TaLib.TryOpen(Programs.RepositoryFile("artifacts/talib"));
        var rows = new List<string[]>();
        var differences = new List<string[]>();
        foreach (var entry in IndicatorCatalog.All.OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            var indicator = IndicatorCatalog.Create(entry.Name);
            var batch = new IndicatorBatch(indicator);
            var outputs = entry.Outputs.Select(_ => new SeriesMatrix(stocks, market.Capacity)).ToArray();
            var loop = PlainIndicators.All[entry.Name];
            var columns = entry.Outputs.Select(_ => new double[market.Capacity]).ToArray();
            ShouldAgree(entry, indicator, loop, market, plain[0]);
            var c = talib is not null && TaLib.Has(entry.Name) ? talib.Prepare(entry.Name, market) : null;
            var t = Interleaved.Measure(
                rounds,
                ("plain", cells, () => Array.ForEach(plain, p => loop(p, columns))),
                ("TA-Lib", cells, () => Run(c, 0, stocks)),
                ("series", cells, () => IndicatorPaths.Series(indicator, market, outputs)),
                ("batch", cells, () => batch.Compute(market, outputs, 1)),
                ("batch, 2 threads", cells, () => batch.Compute(market, outputs, 2)),
                ("stream", cells, () => IndicatorPaths.Stream(indicator, market)));
            var (native, rival) = (c is null ? double.NaN : t[1].MinNs, pandas.TryGetValue(entry.Name, out var ns) ? ns : double.NaN);
            rows.Add([entry.Name, Text(t[0].MinNs), Text(native), Text(rival), .. t.Skip(2).Select(x => Text(x.MinNs)), Text(t[0].MinNs / t[3].MinNs), Text(native / t[3].MinNs), Text(rival / t[3].MinNs)]);
            if (c is not null)
            {
                differences.AddRange(Differences(entry, outputs, c, market));
            }
        }

        result.Settings["simd"] = Simd.Level.ToString();
        result.Tables.Add(new ResultTable(
            $"Nanoseconds per bar, {stocks:N0} x {market.Capacity} bars, {Simd.Level}, best of {rounds}",
            ["indicator", "plain loop", "TA-Lib C", "pandas", "series", "batch", "batch, 2 threads", "stream", "batch, times plain", "times TA-Lib", "times pandas"],
            rows,
            (pandas.Count == 0 ? "No python3 with pandas." : "pandas on one thread, idiomatic forms (see indicators_pandas.py).") + (talib is null ? " TA-Lib is not built (eng/talib.sh)." : "")));
        if (talib is not null)
        {
            result.Tables.Add(All(market, plain, talib, rounds));
            result.Tables.Add(new ResultTable("Largest difference to TA-Lib, as a share of max(|a|, |b|, close)", ["output", "difference", "values"], differences));
        }

        return Task.CompletedTask;
    }

    /// <summary>The 25 outputs of the specification: TA-Lib and the plain loops stock by stock, Fettle in one batch.</summary>
    static ResultTable All(BarMatrix market, PlainBars[] plain, TaLib talib, int rounds)
    {
        var indicators = IndicatorMarket.TwentyFiveOutputs();
        var batch = new IndicatorBatch(indicators);
        var outputs = batch.OutputNames.Select(_ => new SeriesMatrix(market.Stocks, market.Capacity)).ToArray();
        string[] names = [.. indicators.Select(i => i.Descriptor.Name)];
        var calls = Enumerable.Range(0, 2).Select(_ => names.Select(n => talib.Prepare(n, market)).ToArray()).ToArray();
        var loops = names.Select(n => (Loop: PlainIndicators.All[n], Columns: Enumerable.Range(0, 4).Select(_ => new double[market.Capacity]).ToArray())).ToArray();
        var half = market.Stocks / 2;
        var t = Interleaved.Measure(
            2 * rounds + 1,
            ("plain loops, 1 thread", 1, () => Array.ForEach(plain, p => Array.ForEach(loops, l => l.Loop(p, l.Columns)))),
            ("TA-Lib C, 1 thread", 1, () => Array.ForEach(calls[0], c => Run(c, 0, market.Stocks))),
            ("TA-Lib C, 2 threads", 1, () => Parallel.Invoke(() => Array.ForEach(calls[0], c => Run(c, 0, half)), () => Array.ForEach(calls[1], c => Run(c, half, market.Stocks)))),
            ("Fettle batch, 1 thread", 1, () => batch.Compute(market, outputs, 1)),
            ("Fettle batch, 2 threads", 1, () => batch.Compute(market, outputs, 2)));
        var scale = 11_000.0 / market.Stocks;
        return new ResultTable(
            $"25 outputs over {market.Stocks:N0} x {market.Capacity} bars, and the same for 11,000 stocks",
            ["what", "median ms", "median ms for 11,000", "best ms for 11,000"],
            [.. t.Select(x => new[] { x.Name, Text(x.MedianNs / 1e6), Text(x.MedianNs * scale / 1e6), Text(x.MinNs * scale / 1e6) })],
            "TA-Lib has no %b: 24 outputs, written to columns that stay in the cache; Fettle writes every value of every stock to memory.");
    }

    static void Run(TaLib.TaRun? run, int from, int to)
    {
        for (var s = from; run is not null && s < to; s++)
        {
            run.Run(s);
        }
    }

    static List<string[]> Differences(IndicatorDescriptor entry, SeriesMatrix[] mine, TaLib.TaRun theirs, BarMatrix market)
    {
        var (largest, values) = (new double[mine.Length], new long[mine.Length]);
        for (var s = 0; s < market.Stocks; s++)
        {
            theirs.Run(s, (k, first, column) =>
            {
                for (var i = 0; i < column.Length; i++)
                {
                    var (a, b, close) = (mine[k][s][first + i], column[i], market.Close[s][first + i]);
                    var difference = Math.Abs(a - b) / Math.Max(Math.Max(Math.Abs(a), Math.Abs(b)), close);
                    largest[k] = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(largest[k], difference);
                }

                values[k] += column.Length;
            });
        }

        return [.. mine.Select((_, k) => k).Where(k => values[k] > 0).Select(k => new[] { $"{entry.Name}.{entry.Outputs[k]}", largest[k].ToString("E1", CultureInfo.InvariantCulture), values[k].ToString("N0", CultureInfo.InvariantCulture) })];
    }

    static string Text(double value) => double.IsNaN(value) ? "–" : value.ToString("F2", CultureInfo.InvariantCulture);

    static PlainBars PlainOf(BarSeries bars) => new(bars.Open.ToArray(), bars.High.ToArray(), bars.Low.ToArray(), bars.Close.ToArray(), bars.Volume.ToArray(), bars.Reference.ToArray());

    /// <summary>A loop that computes something else would be no rival.</summary>
    static void ShouldAgree(IndicatorDescriptor entry, Indicator indicator, PlainIndicators.Loop loop, BarMatrix market, PlainBars plain)
    {
        var mine = Enumerable.Range(0, 4).Select(k => k < entry.Outputs.Count ? new double[plain.Count] : []).ToArray();
        indicator.Compute(market[0], new(mine[0], mine[1], mine[2], mine[3]));
        var theirs = entry.Outputs.Select(_ => new double[plain.Count]).ToArray();
        loop(plain, theirs);
        for (var k = 0; k < entry.Outputs.Count; k++)
        {
            for (var i = 0; i < plain.Count; i++)
            {
                var scale = Math.Max(Math.Abs(mine[k][i]), 1);
                if (!double.IsNaN(mine[k][i]) && !(Math.Abs(mine[k][i] - theirs[k][i]) <= 1e-6 * scale))
                {
                    throw new InvalidOperationException($"{entry.Name}.{entry.Outputs[k]}, bar {i}: the plain loop has {theirs[k][i]:R}, the library {mine[k][i]:R}");
                }
            }
        }
    }

    static Dictionary<string, double> Pandas(BarMatrix market)
    {
        if (Python.With("pandas") is not { } python)
        {
            return [];
        }

        var file = Path.GetTempFileName();
        try
        {
            using (var stream = new BufferedStream(File.Create(file), 1 << 20))
            {
                foreach (var matrix in new[] { market.Open, market.High, market.Low, market.Close, market.Volume, market.Reference! })
                {
                    for (var s = 0; s < market.Stocks; s++)
                    {
                        stream.Write(MemoryMarshal.AsBytes(matrix[s]));
                    }
                }
            }

            var script = Programs.RepositoryFile("bench/Rivals/Indicators/indicators_pandas.py");
            return Python.Run(python, script, file, market.Stocks.ToString(CultureInfo.InvariantCulture), market.Capacity.ToString(CultureInfo.InvariantCulture))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')).ToDictionary(p => p[0], p => double.Parse(p[1], CultureInfo.InvariantCulture));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
