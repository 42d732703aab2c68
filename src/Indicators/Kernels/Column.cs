using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>A block of values between the bars and the indicators: several indicators may be made from it. See <see cref="ColumnPlan{V}"/>.</summary>
internal abstract unsafe class Column<V>
    where V : unmanaged, ILanes<V>
{
    readonly LaneArray<V> _slots = new(Block.Length);
    int _origin;
    int _first;

    /// <summary>Numbers of the indicators that read it.</summary>
    public List<int> Users { get; } = [];

    /// <summary>The bar at which the earliest of them begins.</summary>
    public int Begins { get; set; }

    /// <summary>The values of the block from bar <paramref name="from"/> of the tile on.</summary>
    public V* At(int from) => _slots.Start + (from - _origin);

    /// <summary>The first of <paramref name="count"/> bars from <paramref name="from"/> on that has a value, counted from there.</summary>
    public int First(int from, int count) => Math.Clamp(_first - from, 0, count);

    public abstract void Reset();

    /// <summary>Takes bars of the tile; the bar <paramref name="origin"/> has the first slot.</summary>
    public void Run(in Tile<V> tile, int origin, int from, int count)
    {
        _origin = origin;
        _first = from + Make(tile, At(from), from, count);
    }

    /// <summary>Writes the values of the bars and returns the first index that has one.</summary>
    protected abstract int Make(in Tile<V> tile, V* values, int from, int count);
}

/// <summary>Wilder's true range.</summary>
internal sealed unsafe class TrueRangeColumn<V> : Column<V>
    where V : unmanaged, ILanes<V>
{
    TrueRanges<V> _ranges;

    public override void Reset() => _ranges.Reset();

    protected override int Make(in Tile<V> tile, V* values, int from, int count)
    {
        var first = _ranges.Run(tile.High + from, tile.Low + from, tile.Close + from, values, count);
        if (first > 0)
        {
            // The first bar has no range; a sum that begins there adds nothing.
            values[0] = V.Create(0);
        }

        return first;
    }
}

/// <summary>Wilder's mean of the true range.</summary>
internal sealed unsafe class AverageRangeColumn<V>(Column<V> range, int period) : Column<V>
    where V : unmanaged, ILanes<V>
{
    ExponentialMean<V> _mean = ExponentialMean<V>.Wilder(period);

    public override void Reset() => _mean.Reset();

    protected override int Make(in Tile<V> tile, V* values, int from, int count) => _mean.Run(range.At(from), values, range.First(from, count), count);
}

/// <summary>The exponential mean of the close.</summary>
internal sealed unsafe class ExponentialColumn<V>(int period) : Column<V>
    where V : unmanaged, ILanes<V>
{
    ExponentialMean<V> _mean = ExponentialMean<V>.Standard(period);

    public override void Reset() => _mean.Reset();

    protected override int Make(in Tile<V> tile, V* values, int from, int count) => _mean.Run(tile.Close + from, values, 0, count);
}

/// <summary>The mean of the last closes, with their variance when somebody asked for it; the mean has the same bits either way.</summary>
internal sealed unsafe class MomentColumn<V>(int period) : Column<V>
    where V : unmanaged, ILanes<V>
{
    readonly LaneArray<V> _variances = new(Block.Length);
    MeanWindow<V> _mean = new(period);
    MomentWindow<V> _moments = new(period);
    int _from;

    public bool WithVariance { get; set; }

    /// <summary>As <see cref="Column{V}.At"/>.</summary>
    public V* VarianceAt(int from) => _variances.Start + (from - _from);

    public override void Reset()
    {
        _mean.Reset();
        _moments.Reset();
    }

    protected override int Make(in Tile<V> tile, V* values, int from, int count)
    {
        _from = from;
        return WithVariance ? _moments.Run(tile.Close + from, values, _variances.Start, 0, count) : _mean.Run(tile.Close + from, values, 0, count);
    }
}

/// <summary>The mean of high, low and close.</summary>
internal sealed unsafe class TypicalColumn<V> : Column<V>
    where V : unmanaged, ILanes<V>
{
    public override void Reset()
    {
    }

    protected override int Make(in Tile<V> tile, V* values, int from, int count)
    {
        TypicalPrice.Run(tile, from, values, count);
        return 0;
    }
}

/// <summary>The close some bars before.</summary>
internal sealed unsafe class PastColumn<V>(int length) : Column<V>
    where V : unmanaged, ILanes<V>
{
    DelayLine<V> _past = new(length);

    public override void Reset() => _past.Reset();

    protected override int Make(in Tile<V> tile, V* values, int from, int count) => _past.Run(tile.Close + from, values, count);
}
