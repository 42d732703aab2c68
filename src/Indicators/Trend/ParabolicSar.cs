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

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_acceleration, _maximum));

    struct Kernel<V>(double acceleration, double maximum) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly V _step = V.Create(acceleration);
        readonly V _limit = V.Create(Math.Max(acceleration, maximum));
        V _sign;
        V _stop;
        V _extreme;
        V _factor;
        V _high;
        V _low;
        int _seen;

        public void Reset() => _seen = 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            var high = tile.High[i];
            var low = tile.Low[i];
            if (_seen == 0)
            {
                _seen = 1;
                _high = high;
                _low = low;
                tile.Out0[i] = V.Create(double.NaN);
                return;
            }

            if (_seen == 1)
            {
                _seen = 2;
                Begin(high, low);
            }

            // A falling market is the mirror image of a rising one: everything is computed as if rising, with the sign turned on the way in and out.
            // "far" is the side on which the trend makes its extremes, "near" the side of the stop.
            var zero = V.Create(0);
            var far = V.IfLess(zero, _sign, high, zero - low);
            var near = V.IfLess(zero, _sign, low, zero - high);
            var previousFar = V.IfLess(zero, _sign, _high, zero - _low);
            var previousNear = V.IfLess(zero, _sign, _low, zero - _high);
            _high = high;
            _low = low;

            var turnedStop = V.Max(V.Max(_extreme, previousFar), far);
            var turnedNext = V.Max(V.Max(V.Fma(_step, near - turnedStop, turnedStop), previousFar), far);

            var extreme = V.Max(far, _extreme);
            var factor = V.IfLess(_extreme, far, V.Min(_factor + _step, _limit), _factor);
            var next = V.Min(V.Min(V.Fma(factor, extreme - _stop, _stop), previousNear), near);

            // The stop is hit when near <= stop.
            tile.Out0[i] = _sign * V.IfLess(_stop, near, _stop, turnedStop);
            var turn = V.IfLess(_stop, near, V.Create(1), V.Create(-1));
            _extreme = turn * V.IfLess(_stop, near, extreme, near);
            _factor = V.IfLess(_stop, near, factor, _step);
            _stop = turn * V.IfLess(_stop, near, next, turnedNext);
            _sign *= turn;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Begin(V high, V low)
        {
            var zero = V.Create(0);
            var fall = _low - low;
            var rise = high - _high;
            var isShort = V.IfLess(zero, fall, V.IfLess(rise, fall, V.Create(1), zero), zero);
            _sign = V.Create(1) - V.Create(2) * isShort;
            _stop = V.IfEqual(isShort, zero, _low, zero - _high);
            _extreme = V.IfEqual(isShort, zero, high, zero - low);
            _factor = _step;
            _high = high;
            _low = low;
        }
    }
}
