using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>How the smoothed sums of ADX are seeded; the two differ visibly for about 140 bars.</summary>
public enum AdxConvention
{
    /// <summary>Sums of the first <c>period - 1</c> bars, and the next bar is already smoothed in.</summary>
    TaLib,

    /// <summary>Sums of the first <c>period</c> bars, as in Wilder's book and Stock.Indicators.</summary>
    Wilder,
}

/// <summary>Average directional index with +DI and −DI (J. Welles Wilder, 1978).</summary>
/// <remarks>
/// A bar without any directional movement leaves the average as it is, as in TA-Lib.
/// </remarks>
public sealed class Adx : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "adx",
        "Average directional index",
        BarFields.High | BarFields.Low | BarFields.Close,
        [ParameterDescriptor.Period(14), ParameterDescriptor.Convention(AdxConvention.TaLib)],
        ["adx", "plus_di", "minus_di"],
        p => new Adx((int)p[0], (AdxConvention)(int)p[1]));

    readonly int _period;
    readonly AdxConvention _convention;

    /// <param name="period">Bars of every smoothing, 2 to 100,000.</param>
    /// <param name="convention">How the sums are seeded.</param>
    public Adx(int period = 14, AdxConvention convention = AdxConvention.TaLib)
        : base(Definition, period)
    {
        _period = Definition.Parameters[0].Checked(period);
        _convention = Definition.Parameters[1].Checked(convention);
    }

    /// <summary>Writes every bar, 0 to 100; the directional indicators are NaN before bar <c>period</c>, the average before bar <c>2 period - 1</c>. An empty span skips its output.</summary>
    public static void Series(
        ReadOnlySpan<double> high,
        ReadOnlySpan<double> low,
        ReadOnlySpan<double> close,
        int period,
        Span<double> adx,
        Span<double> plusDi,
        Span<double> minusDi,
        AdxConvention convention = AdxConvention.TaLib) =>
        new Adx(period, convention).Compute(new BarSeries { High = high, Low = low, Close = close }, new(adx, plusDi, minusDi));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.TrueRange(), _period, _convention));

    unsafe struct Kernel<V>(Column<V> ranges, int period, AdxConvention convention) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        // Up to this bar the sums only grow; from the next on they decay.
        readonly int _growing = convention == AdxConvention.TaLib ? period - 1 : period;
        readonly LaneArray<V> _columns = new(4 * Block.Length);
        V _previousHigh;
        V _previousLow;
        V _up;
        V _down;
        V _true;
        V _adx;
        int _bar;

        public void Reset()
        {
            _bar = 0;
            _up = _down = _true = _adx = V.Create(0);
        }

        public void Run(in Tile<V> tile, int from, int count)
        {
            var up = _columns.Start;
            var down = _columns.Start + Block.Length;
            var range = _columns.Start + 2 * Block.Length;
            var index = _columns.Start + 3 * Block.Length;
            Movements(tile.High + from, tile.Low + from, up, down, count);
            if (_bar == 0)
            {
                // The first bar has no bar before it.
                up[0] = down[0] = V.Create(0);
            }

            Sums(up, down, ranges.At(from), range, count);
            var first = Math.Clamp(period - _bar, 0, count);
            Indexes(up, down, range, index, tile.Out1 + from, tile.Out2 + from, first, count);
            Average(index, tile.Out0 + from, first, count);
            Block.FillNaN(tile.Out1 + from, first);
            Block.FillNaN(tile.Out2 + from, first);
            _bar = Math.Min(_bar + count, 2 * period);
        }

        /// <summary>The larger of the two moves counts, if it is positive; equal moves cancel.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        void Movements(V* highs, V* lows, V* up, V* down, int count)
        {
            var previousHigh = _previousHigh;
            var previousLow = _previousLow;
            var zero = V.Create(0);
            for (var i = 0; i < count; i++)
            {
                var high = highs[i];
                var low = lows[i];
                var rise = high - previousHigh;
                var fall = previousLow - low;
                up[i] = V.IfLess(fall, rise, V.Max(rise, zero), zero);
                down[i] = V.IfLess(rise, fall, V.Max(fall, zero), zero);
                previousHigh = high;
                previousLow = low;
            }

            _previousHigh = previousHigh;
            _previousLow = previousLow;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        void Sums(V* up, V* down, V* trueRange, V* range, int count)
        {
            var sumUp = _up;
            var sumDown = _down;
            var sumRange = _true;
            var growing = Math.Clamp(_growing + 1 - _bar, 0, count);
            for (var i = 0; i < growing; i++)
            {
                up[i] = sumUp += up[i];
                down[i] = sumDown += down[i];
                range[i] = sumRange += trueRange[i];
            }

            var keep = V.Create(1 - 1.0 / period);
            for (var i = growing; i < count; i++)
            {
                up[i] = sumUp = V.Fma(sumUp, keep, up[i]);
                down[i] = sumDown = V.Fma(sumDown, keep, down[i]);
                range[i] = sumRange = V.Fma(sumRange, keep, trueRange[i]);
            }

            (_up, _down, _true) = (sumUp, sumDown, sumRange);
        }

        /// <summary>Turns the sums into directional indicators and their index. A bar without any movement has the index -1, which the average passes over.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static void Indexes(V* up, V* down, V* range, V* index, V* plusDi, V* minusDi, int first, int count)
        {
            var zero = V.Create(0);
            var hundred = V.Create(100);
            var none = V.Create(-1);
            for (var i = first; i < count; i++)
            {
                var whole = range[i];
                var plus = V.IfEqual(whole, zero, zero, hundred * (up[i] / whole));
                var minus = V.IfEqual(whole, zero, zero, hundred * (down[i] / whole));
                var sum = plus + minus;
                plusDi[i] = plus;
                minusDi[i] = minus;
                index[i] = V.IfEqual(sum, zero, none, hundred * (V.Abs(plus - minus) / sum));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        void Average(V* index, V* output, int first, int count)
        {
            var adx = _adx;
            var zero = V.Create(0);
            var weight = V.Create(1.0 / period);
            var seeded = Math.Clamp(2 * period - 1 - _bar, 0, count);
            Block.FillNaN(output, seeded);
            for (var i = first; i < seeded; i++)
            {
                adx += V.Max(index[i], zero);
            }

            var at = seeded;
            if (at < count && _bar + at == 2 * period - 1)
            {
                output[at] = adx = (adx + V.Max(index[at], zero)) * weight;
                at++;
            }

            for (; at < count; at++)
            {
                var value = V.IfLess(index[at], zero, adx, index[at]);
                output[at] = adx = V.Fma(value - adx, weight, adx);
            }

            _adx = adx;
        }
    }
}
