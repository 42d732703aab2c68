using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>Runs a kernel over one stock, from gap to gap.</summary>
internal static class SeriesDriver
{
    public static void Run(Indicator indicator, in BarSeries bars, in SeriesOutputs outputs)
    {
        var runner = indicator.Take();
        Run(indicator, runner, bars, outputs);
        indicator.GiveBack(runner);
    }

    public static unsafe void Run(Indicator indicator, KernelRunner<Lane1> runner, in BarSeries bars, in SeriesOutputs outputs)
    {
        var fields = indicator.Descriptor.Inputs;
        var names = indicator.Descriptor.Outputs;
        var length = bars.Length(fields);
        Check(names, 0, outputs.First, length);
        Check(names, 1, outputs.Second, length);
        Check(names, 2, outputs.Third, length);
        Check(names, 3, outputs.Fourth, length);
        if (length == 0)
        {
            return;
        }

        // One sink takes every output that is not wanted: kernels write it and never read it.
        var sink = ArrayPool<double>.Shared.Rent(length);
        fixed (double* open = bars.Open, high = bars.High, low = bars.Low, close = bars.Close, volume = bars.Volume, reference = bars.Reference,
            out0 = outputs.First, out1 = outputs.Second, out2 = outputs.Third, out3 = outputs.Fourth, none = sink)
        {
            var tile = new Tile<Lane1>
            {
                Open = (Lane1*)open,
                High = (Lane1*)high,
                Low = (Lane1*)low,
                Close = (Lane1*)close,
                Volume = (Lane1*)volume,
                Reference = (Lane1*)reference,
                Out0 = (Lane1*)(out0 is null ? none : out0),
                Out1 = (Lane1*)(out1 is null ? none : out1),
                Out2 = (Lane1*)(out2 is null ? none : out2),
                Out3 = (Lane1*)(out3 is null ? none : out3),
            };
            Run(runner, fields, bars, tile, names.Count, length);
        }

        ArrayPool<double>.Shared.Return(sink);
    }

    static void Run(KernelRunner<Lane1> runner, BarFields fields, in BarSeries bars, in Tile<Lane1> tile, int outputs, int length)
    {
        if (AllFinite(fields, bars))
        {
            runner.Reset();
            runner.Run(tile, 0, length);
            return;
        }

        for (var i = 0; i < length;)
        {
            if (!IsFinite(fields, bars, i))
            {
                WriteGap(tile, outputs, i++);
                continue;
            }

            var from = i;
            while (i < length && IsFinite(fields, bars, i))
            {
                i++;
            }

            runner.Reset();
            runner.Run(tile, from, i);
        }
    }

    static unsafe void WriteGap(in Tile<Lane1> tile, int outputs, int i)
    {
        var gap = Lane1.Create(double.NaN);
        tile.Out0[i] = gap;
        if (outputs > 1)
        {
            tile.Out1[i] = gap;
        }

        if (outputs > 2)
        {
            tile.Out2[i] = gap;
        }

        if (outputs > 3)
        {
            tile.Out3[i] = gap;
        }
    }

    static bool IsFinite(BarFields fields, in BarSeries bars, int i) =>
        ((fields & BarFields.Open) == 0 || double.IsFinite(bars.Open[i]))
        && ((fields & BarFields.High) == 0 || double.IsFinite(bars.High[i]))
        && ((fields & BarFields.Low) == 0 || double.IsFinite(bars.Low[i]))
        && ((fields & BarFields.Close) == 0 || double.IsFinite(bars.Close[i]))
        && ((fields & BarFields.Volume) == 0 || double.IsFinite(bars.Volume[i]))
        && ((fields & BarFields.Reference) == 0 || double.IsFinite(bars.Reference[i]));

    static bool AllFinite(BarFields fields, in BarSeries bars) =>
        ((fields & BarFields.Open) == 0 || AllFinite(bars.Open))
        && ((fields & BarFields.High) == 0 || AllFinite(bars.High))
        && ((fields & BarFields.Low) == 0 || AllFinite(bars.Low))
        && ((fields & BarFields.Close) == 0 || AllFinite(bars.Close))
        && ((fields & BarFields.Volume) == 0 || AllFinite(bars.Volume))
        && ((fields & BarFields.Reference) == 0 || AllFinite(bars.Reference));

    /// <summary>x - x is 0 for finite x and NaN otherwise; sums of zeros stay zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static bool AllFinite(ReadOnlySpan<double> column)
    {
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(column);
        var sum = Vector<double>.Zero;
        foreach (var vector in vectors)
        {
            sum += vector - vector;
        }

        var rest = 0.0;
        foreach (var value in column[(vectors.Length * Vector<double>.Count)..])
        {
            rest += value - value;
        }

        return rest == 0 && Vector.EqualsAll(sum, Vector<double>.Zero);
    }

    static void Check(IReadOnlyList<string> names, int index, Span<double> output, int length)
    {
        if (index < names.Count ? output.Length != length && output.Length != 0 : output.Length != 0)
        {
            Throw.OutputLength(index < names.Count ? names[index] : $"#{index + 1}", output.Length, index < names.Count ? length : 0);
        }
    }
}
