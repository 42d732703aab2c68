using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Commodity channel index (Donald Lambert, 1980): distance of the typical price from its mean in units of 0.015 mean absolute deviations; 0 when there is none.</summary>
/// <remarks>The mean absolute deviation has no running form: this indicator costs work in proportion to its period.</remarks>
public sealed class Cci : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "cci",
        "Commodity channel index",
        BarFields.High | BarFields.Low | BarFields.Close,
        [ParameterDescriptor.Period(14)],
        ["cci"],
        p => new Cci((int)p[0]));

    readonly int _period;

    /// <param name="period">Bars in the window, 2 to 100,000.</param>
    public Cci(int period = 14)
        : base(Definition, period - 1)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar; NaN before bar <c>period - 1</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> high, ReadOnlySpan<double> low, ReadOnlySpan<double> close, int period, Span<double> cci) =>
        new Cci(period).Compute(new BarSeries { High = high, Low = low, Close = close }, new(cci));

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period));

    struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly V[] _ring = new V[period];
        MeanWindow<V> _mean = new(period);
        int _at;

        public void Reset()
        {
            _mean.Reset();
            _at = 0;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            var typical = (tile.High[i] + tile.Low[i] + tile.Close[i]) / V.Create(3);
            _ring[_at] = typical;
            _at = _at + 1 == _ring.Length ? 0 : _at + 1;
            _mean.Push(typical);
            if (!_mean.IsReady)
            {
                tile.Out0[i] = V.Create(double.NaN);
                return;
            }

            var mean = _mean.Mean;
            var zero = V.Create(0);
            var deviation = Deviation(_ring, mean);
            var distance = typical - mean;
            tile.Out0[i] = V.IfEqual(deviation, zero, zero, distance / (deviation * V.Create(0.015 / period)));
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        static V Deviation(V[] ring, V mean)
        {
            var sum = V.Create(0);
            foreach (var value in ring)
            {
                sum += V.Abs(value - mean);
            }

            return sum;
        }
    }
}
