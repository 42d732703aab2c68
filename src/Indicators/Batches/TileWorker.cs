using System.Runtime.Intrinsics.X86;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Batches;

/// <summary>Stocks in lanes: the kernels, and the columns of one chunk of one tile.</summary>
internal sealed unsafe class TileWorker<V> : BatchWorker
    where V : unmanaged, ILanes<V>
{
    // Columns of 64 bars and eight lanes are 4 KiB; the few that a kernel touches stay in the first-level cache. They begin on different
    // sets of it: columns a whole page apart would drive each other out.
    const int Chunk = Block.Length;
    const int ColumnLanes = Chunk + 3;
    const int Fields = 6;
    const int MaxOutputs = 4;

    // Results of this size leave the cache anyway; writing past it halves the memory traffic.
    const long StreamingBytes = 8L << 20;

    readonly Indicator[] _indicators;
    readonly BarFields _used;
    readonly ColumnPlan<V> _plan = new();
    readonly KernelRunner<V>[] _runners;
    readonly int[] _firstOutput;
    readonly int[] _outputs;
    // The bar at which a runner begins: later than the first only where last values are wanted and nothing before matters.
    readonly int[] _start;
    readonly LaneArray<V> _columns = new((Fields + MaxOutputs) * ColumnLanes);
    readonly Tile<V> _tile;
    // A bit for each lane whose column has a value that is not finite; bars behind a stock's last one count too, which costs time only.
    readonly int[] _gaps = new int[Fields];
    ScalarWorker? _scalar;
    BatchTask _task = null!;
    bool _streaming;

    public TileWorker(Indicator[] indicators)
    {
        _indicators = indicators;
        _runners = [.. indicators.Select(_plan.Add)];
        _firstOutput = new int[_runners.Length];
        _start = new int[_runners.Length];
        _outputs = [.. indicators.Select(i => i.Descriptor.Outputs.Count)];
        for (int i = 0, sum = 0; i < _runners.Length; i++)
        {
            _firstOutput[i] = sum;
            _used |= indicators[i].Descriptor.Inputs;
            sum += _outputs[i];
        }

        _tile = CreateTile();
    }

    public override void Run(BatchTask task, int from, int to)
    {
        _task = task;
        _streaming = task.Outputs is { } outputs && (long)outputs.Length * task.Bars.Stocks * task.Bars.Capacity * sizeof(double) > StreamingBytes;
        for (var tile = from; tile < to; tile++)
        {
            RunTile(tile * V.Count);
        }

        if (_streaming && Sse.IsSupported)
        {
            Sse.StoreFence();
        }

        // Kept for the next call, the worker must not keep this one's market.
        _task = null!;
    }

    void RunTile(int firstStock)
    {
        var lanes = Math.Min(V.Count, _task.Bars.Stocks - firstStock);
        var longest = 0;
        for (var lane = 0; lane < lanes; lane++)
        {
            longest = Math.Max(longest, _task.Counts[firstStock + lane]);
        }

        Array.Clear(_gaps);
        for (var i = 0; i < _runners.Length; i++)
        {
            _runners[i].Reset();
            _start[i] = _task.Last is null ? 0 : Start(_indicators[i], firstStock, lanes);
        }

        _plan.Reset(_start);
        for (var from = 0; from < longest; from += Chunk)
        {
            // What is read next: the rest of these rows, or the beginning of the next tile's.
            var ahead = from + Chunk < longest ? Chunk : V.Count * _task.Bars.Close.Stride - from;
            RunChunk(firstStock, lanes, from, Math.Min(Chunk, longest - from), ahead);
        }

        Finish(firstStock, lanes);
    }

    void RunChunk(int firstStock, int lanes, int from, int bars, nint ahead)
    {
        var rows = stackalloc double*[V.Count];
        for (var field = 0; field < Fields; field++)
        {
            if (((int)_used & 1 << field) == 0)
            {
                continue;
            }

            // A tile that is not full repeats its last stock; nothing of the copies is stored.
            var matrix = _task.Bars.Field(field);
            var first = matrix.Pointer(firstStock);
            for (var lane = 0; lane < V.Count; lane++)
            {
                rows[lane] = first + Math.Min(lane, lanes - 1) * matrix.Stride;
            }

            _gaps[field] |= Transposer.Load(rows, from, bars, V.Count, Column(field), ahead);
        }

        _plan.Run(_tile, 0, bars, from);
        var storing = _task.Last is null || EndsHere(firstStock, lanes, from, bars);
        for (var i = 0; i < _runners.Length; i++)
        {
            if (_start[i] >= from + bars)
            {
                continue;
            }

            _runners[i].Run(_tile, Math.Max(0, _start[i] - from), bars);
            if (storing)
            {
                StoreOutputs(i, firstStock, lanes, from, bars);
            }
        }
    }

    /// <summary>The earliest that any lane needs: each lane's own is a whole number of stretches later.</summary>
    int Start(Indicator indicator, int firstStock, int lanes)
    {
        var start = int.MaxValue;
        for (var lane = 0; lane < lanes; lane++)
        {
            if (_task.Counts[firstStock + lane] is > 0 and var count)
            {
                start = Math.Min(start, indicator.TailStart(count));
            }
        }

        return start;
    }

    /// <summary>Whether a stock's last bar is among these.</summary>
    bool EndsHere(int firstStock, int lanes, int from, int bars)
    {
        for (var lane = 0; lane < lanes; lane++)
        {
            if (_task.Counts[firstStock + lane] > from && _task.Counts[firstStock + lane] <= from + bars)
            {
                return true;
            }
        }

        return false;
    }

    void StoreOutputs(int indicator, int firstStock, int lanes, int from, int bars)
    {
        for (var k = 0; k < _outputs[indicator]; k++)
        {
            var output = _firstOutput[indicator] + k;
            var column = Column(Fields + k);
            if (_task.Last is { } last)
            {
                for (var lane = 0; lane < lanes; lane++)
                {
                    var at = _task.Counts[firstStock + lane] - 1 - from;
                    if (at >= 0 && at < bars)
                    {
                        last[firstStock + lane][output] = column[at * V.Count + lane];
                    }
                }

                continue;
            }

            var target = _task.Outputs![output];
            Transposer.Store(column, bars, V.Count, target.Pointer(firstStock) + from, target.Stride, lanes, _streaming);
        }
    }

    /// <summary>Writes what lanes cannot: the end of shorter stocks, and stocks with gaps.</summary>
    void Finish(int firstStock, int lanes)
    {
        var anyGap = _gaps.AsSpan().ContainsAnyExcept(0);
        for (var lane = 0; lane < lanes; lane++)
        {
            var stock = firstStock + lane;
            var count = _task.Counts[stock];
            if (_task.Last is null && count < _task.Bars.Capacity)
            {
                foreach (var output in _task.Outputs!)
                {
                    output[stock][count..].Fill(double.NaN);
                }
            }
            else if (_task.Last is { } last && count == 0)
            {
                last[stock].Fill(double.NaN);
            }

            for (var i = 0; anyGap && i < _runners.Length; i++)
            {
                if (HasGap(_indicators[i].Descriptor.Inputs, lane))
                {
                    (_scalar ??= new ScalarWorker(_indicators)).Run(_task, i, _firstOutput[i], stock);
                }
            }
        }
    }

    bool HasGap(BarFields inputs, int lane)
    {
        for (var field = 0; field < Fields; field++)
        {
            if (((int)inputs & 1 << field) != 0 && (_gaps[field] & 1 << lane) != 0)
            {
                return true;
            }
        }

        return false;
    }

    double* Column(int index) => (double*)(_columns.Start + index * ColumnLanes);

    Tile<V> CreateTile() => new()
    {
        Open = (V*)Column(0),
        High = (V*)Column(1),
        Low = (V*)Column(2),
        Close = (V*)Column(3),
        Volume = (V*)Column(4),
        Reference = (V*)Column(5),
        Out0 = (V*)Column(Fields),
        Out1 = (V*)Column(Fields + 1),
        Out2 = (V*)Column(Fields + 2),
        Out3 = (V*)Column(Fields + 3),
    };
}
