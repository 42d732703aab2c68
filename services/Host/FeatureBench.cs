using System.Globalization;
using Fettle.Databases;
using Fettle.Services.Stocks.Features;
using Fettle.Shared.Results;

namespace Fettle.Services.Host;

/// <summary>Times the plain path (a stock after the other) and the panel on the same database in one run.</summary>
internal sealed class FeatureBench(Database database, DateOnly date, int threads, int sample, int rounds, string[] command)
{
    readonly TimeProvider _time = TimeProvider.System;

    public async Task<ResultDocument> RunAsync(CancellationToken cancellation)
    {
        var begun = _time.GetTimestamp();
        var result = new ResultDocument
        {
            Kind = "features",
            Name = "features-bench",
            StartedAt = _time.GetUtcNow(),
            Machine = RunEnvironment.Machine(),
            Source = RunEnvironment.Source(),
            Command = command,
        };
        result.Noise["loadAverageBefore"] = RunEnvironment.LoadAverage();
        var packed = await new PackedPrices(database).IsCurrentAsync(cancellation);
        var (panel, panelLoad) = await TimeAsync(() => MarketFeatures.LoadAsync(database, date, packed, cancellation));
        var (_, pricesLoad) = await TimeAsync(() => MarketFeatures.LoadPricesAsync(database, date, packed, cancellation));
        var stocks = panel.Stocks.Count;
        var (histories, plainLoad) = await PlainLoadAsync(panel, cancellation);

        var rows = new List<string[]>();
        var plainAll = plainLoad * stocks / histories.Length;
        Add(rows, $"loading ({(packed ? "packed series" : "row tables")})", plainAll, panelLoad);
        var counts = panel.Prices.CountsUpTo(date.DayNumber);
        var scratch = new double[FeatureNames.Count];
        Compare(rows, "technical", counts, (row, f) => FeatureCalculator.Technical(panel.Inputs(row).Closes[..counts[row]], f), () => panel.Technical(counts, threads));
        Compare(rows, "financial", counts, (row, f) => FundamentalFeatures.Compute(panel.Inputs(row).Quarters, date.DayNumber, f[13..19]));
        Compare(rows, "sentiment", counts, (row, f) => NewsFeatures.Compute(panel.Inputs(row).News, date, f[19..22]));
        Compare(rows, "seasonality", counts, (row, f) => EarningsFeatures.Compute(panel.Inputs(row), counts[row], date.DayNumber, f[22..25]));
        var (before, after) = Compare(rows, "all 25", counts, (row, f) => FeatureCalculator.TryCompute(panel.Inputs(row), date, f), () => panel.Compute(date, threads));
        Add(rows, "loading and all 25", plainAll + before, panelLoad + after);
        var one = OneStock(panel, scratch);
        result.Tables.Add(new ResultTable(
            $"Features of {stocks:N0} stocks, {panel.Prices.BarCount:N0} bars, {threads} threads, {MarketFeatures.InstructionSet}",
            ["feature type", "before ms", "after ms", "speed-up"],
            rows,
            $"before: one stock after the other on one thread; its loading is extrapolated from {histories.Length} stocks. after: the panel. Bars alone load in {Milliseconds(pricesLoad)} ms. "
            + $"Peak memory of the process {Peak():N0} MB. One stock from the panel: p50 {one.P50:F1} µs, p99 {one.P99:F1} µs."));
        result.Data["stocks"] = stocks;
        result.Data["bars"] = panel.Prices.BarCount;
        result.Data["peakMegabytes"] = Peak();
        result.Data["barsLoadMs"] = Math.Round(pricesLoad.TotalMilliseconds, 1);
        result.Data["oneStock"] = new System.Text.Json.Nodes.JsonObject { ["p50Us"] = one.P50, ["p99Us"] = one.P99 };
        result.Noise["loadAverageAfter"] = RunEnvironment.LoadAverage();
        result.DurationSeconds = Math.Round(_time.GetElapsedTime(begun).TotalSeconds, 1);
        return result;
    }

    /// <summary>Latency of one stock from the panel over all stocks in turn, so that no stock stays in the cache.</summary>
    (double P50, double P99) OneStock(MarketFeatures panel, double[] features)
    {
        var times = new List<double>();
        for (var round = 0; round < 2; round++)
        {
            times.Clear();
            for (var row = 0; row < panel.Stocks.Count; row++)
            {
                var start = _time.GetTimestamp();
                panel.TryCompute(row, date, features);
                times.Add(_time.GetElapsedTime(start).TotalMicroseconds);
            }
        }

        times.Sort();
        return (Math.Round(times[times.Count / 2], 1), Math.Round(times[times.Count * 99 / 100], 1));
    }

    async Task<(StockHistory[] Histories, TimeSpan Time)> PlainLoadAsync(MarketFeatures panel, CancellationToken cancellation)
    {
        var loader = new HistoryLoader(database);
        var step = Math.Max(1, panel.Stocks.Count / sample);
        var chosen = panel.Stocks.Where((_, i) => i % step == 0).Take(sample).Select(s => s.Stock).ToArray();
        return await TimeAsync(async () =>
        {
            var histories = new List<StockHistory>();
            foreach (var stock in chosen)
            {
                await using var connection = await database.OpenReadAsync(cancellation);
                histories.Add(await loader.LoadAsync(connection, stock, date, cancellation));
            }

            return histories.ToArray();
        });
    }

    delegate void PlainFeature(int row, Span<double> features);

    /// <summary>Rounds alternate between the two; without an own batch the panel runs the same code on its threads.</summary>
    (TimeSpan Before, TimeSpan After) Compare(List<string[]> rows, string name, int[] counts, PlainFeature plain, Action? batch = null)
    {
        var (before, after) = (new List<TimeSpan>(), new List<TimeSpan>());
        var features = new double[FeatureNames.Count];
        void Plain()
        {
            for (var row = 0; row < counts.Length; row++)
            {
                if (counts[row] >= FeatureCalculator.LeastBars)
                {
                    plain(row, features);
                }
            }
        }

        batch ??= () => Parallel.For(0, (counts.Length + 255) / 256, new ParallelOptions { MaxDegreeOfParallelism = threads }, range =>
        {
            var own = new double[FeatureNames.Count];
            for (var row = range * 256; row < Math.Min(counts.Length, (range + 1) * 256); row++)
            {
                if (counts[row] >= FeatureCalculator.LeastBars)
                {
                    plain(row, own);
                }
            }
        });
        for (var round = 0; round <= rounds; round++)
        {
            var (plainTime, batchTime) = (Time(Plain), Time(batch));
            if (round > 0)
            {
                before.Add(plainTime);
                after.Add(batchTime);
            }
        }

        Add(rows, name, Median(before), Median(after));
        return (Median(before), Median(after));
    }

    static void Add(List<string[]> rows, string name, TimeSpan before, TimeSpan after) => rows.Add(
        [name, Milliseconds(before), Milliseconds(after), (before / after).ToString("F1", CultureInfo.InvariantCulture) + "×"]);

    static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("F1", CultureInfo.InvariantCulture);

    static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);

    static double Peak()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return Math.Round(process.PeakWorkingSet64 / 1e6);
    }

    TimeSpan Time(Action work)
    {
        var start = _time.GetTimestamp();
        work();
        return _time.GetElapsedTime(start);
    }

    async Task<(T Result, TimeSpan Time)> TimeAsync<T>(Func<Task<T>> work)
    {
        var start = _time.GetTimestamp();
        var result = await work();
        return (result, _time.GetElapsedTime(start));
    }
}
