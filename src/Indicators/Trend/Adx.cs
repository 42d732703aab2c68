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

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period, _convention));

    struct Kernel<V>(int period, AdxConvention convention) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly V _keep = V.Create(1 - 1.0 / period);
        readonly int _first = convention == AdxConvention.TaLib ? period - 1 : period;
        TrueRangeStep<V> _range;
        V _previousHigh;
        V _previousLow;
        V _up;
        V _down;
        V _true;
        V _adx;
        int _seen;

        public void Reset()
        {
            _range.Reset();
            _seen = 0;
            _up = _down = _true = _adx = V.Create(0);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            var high = tile.High[i];
            var low = tile.Low[i];
            var zero = V.Create(0);
            var rise = high - _previousHigh;
            var fall = _previousLow - low;
            _previousHigh = high;
            _previousLow = low;
            var nan = V.Create(double.NaN);
            if (!_range.Push(high, low, tile.Close[i]))
            {
                tile.Out0[i] = tile.Out1[i] = tile.Out2[i] = nan;
                return;
            }

            // The larger of the two moves counts, if it is positive; equal moves cancel.
            var plus = V.IfLess(fall, rise, V.Max(rise, zero), zero);
            var minus = V.IfLess(rise, fall, V.Max(fall, zero), zero);
            var keep = ++_seen > _first ? _keep : V.Create(1);
            _up = V.Fma(_up, keep, plus);
            _down = V.Fma(_down, keep, minus);
            _true = V.Fma(_true, keep, _range.Value);
            if (_seen < period)
            {
                tile.Out0[i] = tile.Out1[i] = tile.Out2[i] = nan;
                return;
            }

            var plusDi = V.IfEqual(_true, zero, zero, V.Create(100) * (_up / _true));
            var minusDi = V.IfEqual(_true, zero, zero, V.Create(100) * (_down / _true));
            var sum = plusDi + minusDi;
            var distance = V.Abs(plusDi - minusDi);
            var none = _seen < 2 * period ? zero : _adx;
            var index = V.IfEqual(sum, zero, none, V.Create(100) * (distance / sum));
            Smooth(index);
            tile.Out0[i] = _seen >= 2 * period - 1 ? _adx : nan;
            tile.Out1[i] = plusDi;
            tile.Out2[i] = minusDi;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Smooth(V index)
        {
            var divisor = V.Create(1.0 / period);
            if (_seen >= 2 * period)
            {
                _adx = V.Fma(index - _adx, divisor, _adx);
                return;
            }

            _adx += index;
            if (_seen == 2 * period - 1)
            {
                _adx *= divisor;
            }
        }
    }
}
