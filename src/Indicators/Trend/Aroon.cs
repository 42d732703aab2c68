using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Which bar counts when several share the extreme.</summary>
public enum AroonTies
{
    /// <summary>The newest: TA-Lib.</summary>
    Latest,

    /// <summary>The oldest.</summary>
    Earliest,
}

/// <summary>Aroon (Tushar Chande, 1995): how recently the highest high and the lowest low of the last <c>period + 1</c> bars were, 100 for today and 0 for the oldest bar, and the difference of the two.</summary>
public sealed class Aroon : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "aroon",
        "Aroon",
        BarFields.High | BarFields.Low,
        [ParameterDescriptor.Period(14), ParameterDescriptor.Convention(AroonTies.Latest, "ties")],
        ["down", "up", "oscillator"],
        p => new Aroon((int)p[0], (AroonTies)(int)p[1]));

    readonly int _period;
    readonly AroonTies _ties;

    /// <param name="period">Bars to look back from today, 2 to 100,000.</param>
    /// <param name="ties">Which of equal extremes counts.</param>
    public Aroon(int period = 14, AroonTies ties = AroonTies.Latest)
        : base(Definition, period)
    {
        _period = Definition.Parameters[0].Checked(period);
        _ties = Definition.Parameters[1].Checked(ties);
    }

    /// <summary>Writes every bar: down and up from 0 to 100, oscillator from −100 to 100; NaN before bar <c>period</c>. An empty span skips its output.</summary>
    public static void Series(
        ReadOnlySpan<double> high,
        ReadOnlySpan<double> low,
        int period,
        Span<double> down,
        Span<double> up,
        Span<double> oscillator,
        AroonTies ties = AroonTies.Latest) =>
        new Aroon(period, ties).Compute(new BarSeries { High = high, Low = low }, new(down, up, oscillator));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_period, _ties));

    unsafe struct Kernel<V>(int period, AroonTies ties) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly LaneArray<V> _columns = new(2 * Block.Length);
        HighAgeWindow<V> _high = new(period + 1, ties == AroonTies.Latest);
        HighAgeWindow<V> _low = new(period + 1, ties == AroonTies.Latest);

        public void Reset()
        {
            _high.Reset();
            _low.Reset();
        }

        public void Run(in Tile<V> tile, int from, int count)
        {
            var high = _columns.Start;
            var low = _columns.Start + Block.Length;
            _high.Run(tile.High + from, high, count);
            Negate(tile.Low + from, low, count);
            var first = _low.Run(low, low, count);
            Lines(high, low, tile, from, first, count);
            Block.FillNaN(tile.Out0 + from, first);
            Block.FillNaN(tile.Out1 + from, first);
            Block.FillNaN(tile.Out2 + from, first);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static void Negate(V* values, V* output, int count)
        {
            var zero = V.Create(0);
            for (var i = 0; i < count; i++)
            {
                output[i] = zero - values[i];
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        readonly void Lines(V* highAge, V* lowAge, in Tile<V> tile, int from, int first, int count)
        {
            var downs = tile.Out0 + from;
            var ups = tile.Out1 + from;
            var oscillators = tile.Out2 + from;
            var length = V.Create(period);
            var factor = V.Create(100.0 / period);
            for (var i = first; i < count; i++)
            {
                var down = factor * (length - lowAge[i]);
                var up = factor * (length - highAge[i]);
                downs[i] = down;
                ups[i] = up;
                oscillators[i] = up - down;
            }
        }
    }
}
