using System.Globalization;
using System.Runtime.InteropServices;
using Fettle.Bench.Micro;
using Fettle.Bench.Rivals.Indicators;
using Fettle.Indicators;
using Fettle.Shared.Results;
using Fettle.Testing;

namespace Fettle.Bench.Rivals;

/// <summary>Nanoseconds per bar of every indicator: Fettle as series, batch and stream against the plain scalar loop and pandas on the same bars in one run.</summary>
internal sealed class IndicatorsRivalsBench : IBenchmark
{
    public string Name => "indicators-rivals";

    public string Summary => "every indicator against the plain loop and pandas: indicators-rivals [stocks] [rounds]";

    public Task RunAsync(ResultDocument result, string[] arguments)
    {
        var stocks = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 550;
        var rounds = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 3;
        var market = IndicatorMarket.Create(stocks);
        market.Reference = market.Open;
        var plain = Enumerable.Range(0, stocks).Select(s => PlainOf(market[s])).ToArray();
        var pandas = Pandas(market);
        var cells = (long)stocks * market.Capacity;
        var rows = new List<string[]>();
        foreach (var entry in IndicatorCatalog.All.OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            var indicator = IndicatorCatalog.Create(entry.Name);
            var batch = new IndicatorBatch(indicator);
            var outputs = entry.Outputs.Select(_ => new SeriesMatrix(stocks, market.Capacity)).ToArray();
            var loop = PlainIndicators.All[entry.Name];
            var columns = entry.Outputs.Select(_ => new double[market.Capacity]).ToArray();
            ShouldAgree(entry, indicator, loop, market, plain[0]);
            var t = Interleaved.Measure(
                rounds,
                ("plain", cells, () => Array.ForEach(plain, p => loop(p, columns))),
                ("series", cells, () => IndicatorPaths.Series(indicator, market, outputs)),
                ("batch", cells, () => batch.Compute(market, outputs, 1)),
                ("batch, 2 threads", cells, () => batch.Compute(market, outputs, 2)),
                ("stream", cells, () => IndicatorPaths.Stream(indicator, market)));
            var rival = pandas.TryGetValue(entry.Name, out var ns) ? ns : double.NaN;
            rows.Add([entry.Name, .. t.Select(x => Text(x.MinNs)), Text(rival), Text(t[0].MinNs / t[2].MinNs), Text(rival / t[2].MinNs)]);
        }

        result.Settings["simd"] = Simd.Level.ToString();
        result.Tables.Add(new ResultTable(
            $"Nanoseconds per bar, {stocks:N0} x {market.Capacity} bars, {Simd.Level}, best of {rounds}",
            ["indicator", "plain loop", "series", "batch", "batch, 2 threads", "stream", "pandas", "batch, times plain", "batch, times pandas"],
            rows,
            pandas.Count == 0 ? "No python3 with pandas." : "pandas on one thread, idiomatic forms (see indicators_pandas.py)."));
        return Task.CompletedTask;
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
