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

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new());

    struct Kernel<V> : IKernel<V>
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

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            var close = tile.Close[i];
            _peak = _started ? V.Max(_peak, close) : close;
            _started = true;
            var drawdown = V.IfLess(V.Create(0), _peak, (close / _peak - V.Create(1)) * V.Create(100), V.Create(double.NaN));
            _deepest = V.IfLess(drawdown, _deepest, drawdown, _deepest);
            tile.Out0[i] = drawdown;
            tile.Out1[i] = _deepest;
        }
    }
}
