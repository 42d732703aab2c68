using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Distance of the close below its highest value so far, in percent (0 or less), and the deepest such distance so far.</summary>
public sealed class Drawdown : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "drawdown", "Drawdown", BarFields.Close, [], ["drawdown", "max_drawdown"], _ => new Drawdown());

    /// <summary>Without parameters.</summary>
    public Drawdown()
        : base(Definition, 0)
    {
    }

    /// <summary>Writes every bar, in percent; NaN while no price has been above 0. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> close, Span<double> drawdown, Span<double> maxDrawdown) =>
        new Drawdown().Compute(close, new(drawdown, maxDrawdown));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new());

    unsafe struct Kernel<V> : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        V _peak;
        V _deepest;
        bool _started;

        public void Reset()
        {
            _started = false;
            _deepest = V.Create(0);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Run(in Tile<V> tile, int from, int count)
        {
            var closes = tile.Close + from;
            var current = tile.Out0 + from;
            var deepests = tile.Out1 + from;
            var zero = V.Create(0);
            var one = V.Create(1);
            var hundred = V.Create(100);
            var nan = V.Create(double.NaN);
            var peak = _started ? _peak : closes[0];
            var deepest = _deepest;
            _started = true;
            for (var i = 0; i < count; i++)
            {
                var close = closes[i];
                peak = V.Max(peak, close);
                var drawdown = V.IfLess(zero, peak, (close / peak - one) * hundred, nan);
                deepest = V.IfLess(drawdown, deepest, drawdown, deepest);
                current[i] = drawdown;
                deepests[i] = deepest;
            }

            _peak = peak;
            _deepest = deepest;
        }
    }
}
