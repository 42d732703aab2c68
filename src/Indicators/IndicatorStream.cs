using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>One bar of one stock; set what the indicator reads.</summary>
/// <param name="Open">First price.</param>
/// <param name="High">Highest price.</param>
/// <param name="Low">Lowest price.</param>
/// <param name="Close">Last price.</param>
/// <param name="Volume">Traded quantity.</param>
public readonly record struct Bar(double Open, double High, double Low, double Close, double Volume)
{
    /// <summary>The value of a second series to compare with, such as an index.</summary>
    public double Reference { get; init; }
}

/// <summary>
/// An indicator that takes bars as they arrive: constant work a bar (for windows on average: once in a window the next block is
/// prepared), no allocation, the same bits as the series. Not safe for use by two threads at once.
/// </summary>
public sealed unsafe class IndicatorStream
{
    const int Fields = 6;
    readonly Indicator _indicator;
    readonly KernelRunner<Lane1> _runner;
    readonly double[] _cells = GC.AllocateArray<double>(Fields + 4, pinned: true);
    readonly Tile<Lane1> _tile;

    internal IndicatorStream(Indicator indicator)
    {
        _indicator = indicator;
        _runner = indicator.CreateRunner<Lane1>();
        fixed (double* cells = _cells)
        {
            var cell = (Lane1*)cells;
            _tile = new Tile<Lane1>
            {
                Open = cell,
                High = cell + 1,
                Low = cell + 2,
                Close = cell + 3,
                Volume = cell + 4,
                Reference = cell + 5,
                Out0 = cell + 6,
                Out1 = cell + 7,
                Out2 = cell + 8,
                Out3 = cell + 9,
            };
        }

        Reset();
    }

    /// <summary>The outputs at the last bar, in the order of the descriptor; NaN while warming up and at a gap.</summary>
    public ReadOnlySpan<double> Values => _cells.AsSpan(Fields, _indicator.Descriptor.Outputs.Count);

    /// <summary>Forgets every bar.</summary>
    public void Reset()
    {
        _runner.Reset();
        _cells.AsSpan(Fields).Fill(double.NaN);
    }

    /// <summary>Takes the next bar and returns the first output.</summary>
    public double Append(in Bar bar)
    {
        _cells[0] = bar.Open;
        _cells[1] = bar.High;
        _cells[2] = bar.Low;
        _cells[3] = bar.Close;
        _cells[4] = bar.Volume;
        _cells[5] = bar.Reference;
        return Step(_indicator.Descriptor.Inputs);
    }

    /// <summary>Takes the next close and returns the first output, for indicators that read closes only.</summary>
    /// <exception cref="InvalidOperationException">The indicator reads more than closes.</exception>
    public double Append(double close)
    {
        if (_indicator.Descriptor.Inputs != BarFields.Close)
        {
            Throw.NeedsBars(_indicator);
        }

        _cells[3] = close;
        return Step(BarFields.Close);
    }

    double Step(BarFields inputs)
    {
        for (var field = 0; field < Fields; field++)
        {
            if (((int)inputs & 1 << field) != 0 && !double.IsFinite(_cells[field]))
            {
                Reset();
                return double.NaN;
            }
        }

        _runner.Run(_tile, 0, 1);
        return _cells[Fields];
    }
}
