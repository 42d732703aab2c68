using System.Globalization;
using System.Runtime.Intrinsics;
using Fettle.Indicators;
using Fettle.Shared.Results;

namespace Fettle.Bench.Micro;

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
            ("floor: only writing the results, 1 thread", 1, () => MemoryFloor.Write(outputs, 1)),
            ("floor: only writing the results, 2 threads", 1, () => MemoryFloor.Write(outputs, 2)),
            ("the machine: arithmetic in registers, 1 thread", 1, () => Spin(1)),
            ("the machine: the same work, 2 threads", 1, () => Spin(2)));
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
                t.Name.StartsWith("last", StringComparison.Ordinal) ? "2" : t.Name.StartsWith("the machine", StringComparison.Ordinal) ? "0" : Text(cells * outputs.Length * 8 / 1e6),
            })],
            "Quoted, on a Zen 4 machine: TA-Lib's C library needs 562 ms for 25 outputs on one thread, 283 on two."));
        return Task.CompletedTask;
    }

    static string Text(double value) => value.ToString("F1", CultureInfo.InvariantCulture);

    /// <summary>Work that shares nothing, not even a cache line: what two threads gain here is all that this machine can give.</summary>
    static void Spin(int threads)
    {
        const int Parts = 16;
        Parallel.For(0, Parts, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ =>
        {
            Vector256<double> a = Vector256.Create(1.0), b = a, c = a, d = a, factor = Vector256.Create(0.999999), term = Vector256.Create(1e-6);
            for (var i = 0; i < 400_000; i++)
            {
                a = Vector256.FusedMultiplyAdd(a, factor, term);
                b = Vector256.FusedMultiplyAdd(b, factor, term) / factor;
                c = Vector256.FusedMultiplyAdd(c, factor, term);
                d = Vector256.FusedMultiplyAdd(d, factor, term) / factor;
            }

            GC.KeepAlive((a + b + c + d).ToString());
        });
    }
}

/// <summary>Nanoseconds per bar of every indicator: series, batch on one and two threads, streaming, and what the memory alone would take.</summary>
internal sealed class IndicatorsBench : IBenchmark
{
    public string Name => "indicators";

    public string Summary => "ns per bar of each indicator: series, batch (1 and 2 threads), stream, and the memory floor";

    public Task RunAsync(ResultDocument result, string[] arguments)
    {
        // Far more than the caches hold: a column is 13 MB.
        const int Stocks = 4400;
        const int Rounds = 3;
        var bars = IndicatorMarket.Create(Stocks);
        bars.Reference = bars.Open;
        var cells = (long)Stocks * bars.Capacity;
        var (read, write) = Floor(bars, Rounds);
        var rows = new List<string[]>();
        foreach (var entry in IndicatorCatalog.All.OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            var indicator = IndicatorCatalog.Create(entry.Name);
            var batch = new IndicatorBatch(indicator);
            var outputs = batch.OutputNames.Select(_ => new SeriesMatrix(Stocks, bars.Capacity)).ToArray();
            var t = Interleaved.Measure(
                Rounds,
                ("series", cells, () => IndicatorPaths.Series(indicator, bars, outputs)),
                ("batch", cells, () => batch.Compute(bars, outputs, 1)),
                ("batch, 2 threads", cells, () => batch.Compute(bars, outputs, 2)),
                ("stream", cells, () => IndicatorPaths.Stream(indicator, bars)));
            var floor = System.Numerics.BitOperations.PopCount((uint)entry.Inputs) * read + entry.Outputs.Count * write;
            rows.Add([entry.Name, .. t.Select(x => Text(x.MinNs)), Text(floor), Text(t[1].MinNs / floor), t[3].BytesPerOperation < 1 ? "0" : "more"]);
        }

        result.Settings["simd"] = Simd.Level.ToString();
        result.Tables.Add(new ResultTable(
            $"Nanoseconds per bar, {Stocks:N0} x {bars.Capacity} bars, {Simd.Level} (best of {Rounds})",
            ["indicator", "series", "batch", "batch, 2 threads", "stream", "memory floor", "batch, times floor", "bytes per streamed bar"],
            rows,
            $"Memory floor, one thread: reading a column takes {Text(read)} ns per bar, writing one {Text(write)}; times the columns that the indicator reads and writes."));
        return Task.CompletedTask;
    }

    static (double Read, double Write) Floor(BarMatrix bars, int rounds)
    {
        SeriesMatrix[] outputs = [new(bars.Stocks, bars.Capacity), new(bars.Stocks, bars.Capacity)];
        SeriesMatrix[] inputs = [bars.High, bars.Low, bars.Close, bars.Volume];
        var cells = (long)bars.Stocks * bars.Capacity;
        var t = Interleaved.Measure(
            rounds,
            ("read", cells * inputs.Length, () => MemoryFloor.Read(inputs)),
            ("write", cells * outputs.Length, () => MemoryFloor.Write(outputs, 1)));
        return (t[0].MinNs, t[1].MinNs);
    }

    static string Text(double value) => value.ToString("F2", CultureInfo.InvariantCulture);
}
