using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Parabolic stop and reverse (J. Welles Wilder, 1978). The first direction is short when the low of bar 1 fell further than its high rose, else long (TA-Lib).</summary>
public sealed class ParabolicSar : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "sar",
        "Parabolic stop and reverse",
        BarFields.High | BarFields.Low,
        [
            new ParameterDescriptor("acceleration", 0.02, 0.0001, 1) { IsInteger = false },
            new ParameterDescriptor("maximum", 0.2, 0.0001, 1) { IsInteger = false },
        ],
        ["sar"],
        p => new ParabolicSar(p[0], p[1]));

    readonly double _acceleration;
    readonly double _maximum;

    /// <param name="acceleration">Step of the acceleration factor, 0.0001 to 1.</param>
    /// <param name="maximum">Its limit, 0.0001 to 1.</param>
    public ParabolicSar(double acceleration = 0.02, double maximum = 0.2)
        : base(Definition, 1)
    {
        _acceleration = Definition.Parameters[0].Checked(acceleration);
        _maximum = Definition.Parameters[1].Checked(maximum);
    }

    /// <summary>Writes every bar, in price units; NaN at bar 0. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> high, ReadOnlySpan<double> low, double acceleration, double maximum, Span<double> sar) =>
        new ParabolicSar(acceleration, maximum).Compute(new BarSeries { High = high, Low = low }, new(sar));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_acceleration, _maximum));

    unsafe struct Kernel<V>(double acceleration, double maximum) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly double _limit = Math.Max(acceleration, maximum);
        V _sign;
        V _stop;
        V _extreme;
        V _factor;
        V _high;
        V _low;
        int _seen;

        public void Reset() => _seen = 0;

        public void Run(in Tile<V> tile, int from, int count)
        {
            var high = tile.High + from;
            var low = tile.Low + from;
            var first = 0;
            if (_seen == 0)
            {
                _seen = 1;
                (_high, _low) = (high[0], low[0]);
                tile.Out0[from] = V.Create(double.NaN);
                first = 1;
            }

            if (_seen == 1 && first < count)
            {
                _seen = 2;
                Begin(high[first], low[first]);
            }

            Continue(high, low, tile.Out0 + from, first, count);
        }

        /// <summary>A falling market is the mirror image of a rising one: everything is computed as if rising, with the sign turned on the way in and out.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        void Continue(V* highs, V* lows, V* output, int first, int count)
        {
            V sign = _sign, stop = _stop, extreme = _extreme, factor = _factor, previousHigh = _high, previousLow = _low;
            var zero = V.Create(0);
            var one = V.Create(1);
            var minusOne = V.Create(-1);
            var step = V.Create(acceleration);
            var limit = V.Create(_limit);
            for (var i = first; i < count; i++)
            {
                // "far" is the side on which the trend makes its extremes, "near" the side of the stop.
                var high = highs[i];
                var low = lows[i];
                var far = V.IfLess(zero, sign, high, zero - low);
                var near = V.IfLess(zero, sign, low, zero - high);
                var previousFar = V.IfLess(zero, sign, previousHigh, zero - previousLow);
                var previousNear = V.IfLess(zero, sign, previousLow, zero - previousHigh);
                previousHigh = high;
                previousLow = low;

                var turnedStop = V.Max(V.Max(extreme, previousFar), far);
                var turnedNext = V.Max(V.Max(V.Fma(step, near - turnedStop, turnedStop), previousFar), far);

                var nextExtreme = V.Max(far, extreme);
                var nextFactor = V.IfLess(extreme, far, V.Min(factor + step, limit), factor);
                var nextStop = V.Min(V.Min(V.Fma(nextFactor, nextExtreme - stop, stop), previousNear), near);

                // The stop is hit when near <= stop.
                output[i] = sign * V.IfLess(stop, near, stop, turnedStop);
                var turn = V.IfLess(stop, near, one, minusOne);
                extreme = turn * V.IfLess(stop, near, nextExtreme, near);
                factor = V.IfLess(stop, near, nextFactor, step);
                stop = turn * V.IfLess(stop, near, nextStop, turnedNext);
                sign *= turn;
            }

            (_sign, _stop, _extreme, _factor, _high, _low) = (sign, stop, extreme, factor, previousHigh, previousLow);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        void Begin(V high, V low)
        {
            var zero = V.Create(0);
            var fall = _low - low;
            var rise = high - _high;
            var isShort = V.IfLess(zero, fall, V.IfLess(rise, fall, V.Create(1), zero), zero);
            _sign = V.Create(1) - V.Create(2) * isShort;
            _stop = V.IfEqual(isShort, zero, _low, zero - _high);
            _extreme = V.IfEqual(isShort, zero, high, zero - low);
            _factor = V.Create(acceleration);
            _high = high;
            _low = low;
        }
    }
}
