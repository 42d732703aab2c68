using System.Collections.Concurrent;
using Fettle.Indicators.Batches;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>
/// Several indicators over many stocks at once, one stock per SIMD lane. Each stock's results equal <see cref="Indicator.Compute(in BarSeries, in SeriesOutputs)"/>
/// of that stock, bit for bit. Safe to use from several threads at once.
/// </summary>
/// <remarks>
/// 1. Stocks are taken in tiles of as many as a register has lanes; their bars are transposed in chunks that fit the first-level cache.
/// 2. Every indicator runs over the chunk and leaves its outputs in lanes; they are transposed back in whole cache lines.
/// 3. A stock with a gap (a bar that is not finite) in a column that an indicator reads is computed again by the series path, since
///    only there the indicator restarts.
/// </remarks>
public sealed class IndicatorBatch
{
    readonly Indicator[] _indicators;
    readonly ConcurrentBag<BatchWorker>[] _idle = [.. Enum.GetValues<SimdLevel>().Select(_ => new ConcurrentBag<BatchWorker>())];

    /// <param name="indicators">At least one.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public IndicatorBatch(params IReadOnlyList<Indicator> indicators)
    {
        Throw.IfEmpty(indicators);
        _indicators = [.. indicators];
        OutputNames = [.. _indicators.SelectMany(i => i.Descriptor.Outputs.Select(o => $"{i.Descriptor.Name}.{o}"))];
    }

    /// <summary>Names of all outputs, indicator by indicator.</summary>
    public IReadOnlyList<string> OutputNames { get; }

    /// <summary>Writes every bar of every output; bars beyond a stock's count become NaN.</summary>
    /// <param name="bars">The market.</param>
    /// <param name="outputs">One matrix per output name, each with the stocks and capacity of <paramref name="bars"/>.</param>
    /// <param name="threads">Threads to use, at least 1.</param>
    /// <exception cref="ArgumentException">The number or shape of the outputs is wrong.</exception>
    public void Compute(BarMatrix bars, IReadOnlyList<SeriesMatrix> outputs, int threads = 1) => Compute(bars, outputs, threads, Simd.Level);

    /// <summary>Writes each stock's values at its last bar only: row per stock, column per output. NaN for a stock without bars.</summary>
    /// <param name="bars">The market.</param>
    /// <param name="counts">Take only this many bars of each stock (what was known on a date); empty means all.</param>
    /// <param name="last">Rows = stocks, columns = outputs.</param>
    /// <param name="threads">Threads to use, at least 1.</param>
    /// <exception cref="ArgumentException">A shape is wrong, or a count exceeds what the stock has.</exception>
    public void ComputeLast(BarMatrix bars, ReadOnlySpan<int> counts, SeriesMatrix last, int threads = 1) => ComputeLast(bars, counts, last, threads, Simd.Level);

    internal void Compute(BarMatrix bars, IReadOnlyList<SeriesMatrix> outputs, int threads, SimdLevel level)
    {
        Throw.IfOutputsMismatch(outputs, OutputNames.Count, bars);
        Dispatch(new BatchTask(_indicators, bars, bars.Counts.ToArray(), [.. outputs], null), threads, level);
    }

    internal void ComputeLast(BarMatrix bars, ReadOnlySpan<int> counts, SeriesMatrix last, int threads, SimdLevel level)
    {
        Throw.IfShape(last, bars.Stocks, OutputNames.Count);
        Throw.IfCounts(counts, bars);
        Dispatch(new BatchTask(_indicators, bars, counts.IsEmpty ? bars.Counts.ToArray() : counts.ToArray(), null, last), threads, level);
    }

    void Dispatch(BatchTask task, int threads, SimdLevel level)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        var lanes = level switch { SimdLevel.Avx512 => Lane8.Count, SimdLevel.Avx2 => Lane4x2.Count, _ => 1 };
        var tiles = (task.Bars.Stocks + lanes - 1) / lanes;
        if (threads == 1 || tiles < 2)
        {
            Run(task, level, worker => worker.Run(task, 0, tiles));
            return;
        }

        // Small shares from one counter: threads that are held up, or whose stocks are longer, take fewer.
        var share = Math.Max(1, 64 / lanes);
        var next = 0;
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ => Run(task, level, worker =>
        {
            for (int from; (from = Interlocked.Add(ref next, share) - share) < tiles;)
            {
                worker.Run(task, from, Math.Min(tiles, from + share));
            }
        }));
    }

    /// <summary>Workers hold the kernels' windows and columns; they are kept for the next call.</summary>
    void Run(BatchTask task, SimdLevel level, Action<BatchWorker> work)
    {
        var idle = _idle[(int)level];
        var worker = idle.TryTake(out var kept) ? kept : level switch
        {
            SimdLevel.Avx512 => new TileWorker<Lane8>(task.Indicators),
            SimdLevel.Avx2 => new TileWorker<Lane4x2>(task.Indicators),
            _ => new ScalarWorker(task.Indicators),
        };
        work(worker);
        idle.Add(worker);
    }
}
