using Fettle.Indicators.Batches;

namespace Fettle.Indicators;

/// <summary>
/// A rectangle of doubles, one row per stock. Rows begin on a 64-byte boundary and never move in memory, so that whole registers and
/// cache lines are read and written. Values beyond <see cref="Columns"/> in a row are padding.
/// </summary>
public sealed class SeriesMatrix
{
    const int LineDoubles = 8;
    readonly double[] _values;
    readonly int _offset;

    /// <param name="rows">Stocks, at least 0.</param>
    /// <param name="columns">Values in a row, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or together more than 2 billion values.</exception>
    public unsafe SeriesMatrix(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        Rows = rows;
        Columns = columns;
        Stride = (columns + LineDoubles - 1) / LineDoubles * LineDoubles;
        var length = (long)rows * Stride + LineDoubles;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Array.MaxLength, nameof(rows));
        _values = Allocate((int)length);
        fixed (double* start = _values)
        {
            _offset = (int)((64 - (nint)start % 64) % 64 / sizeof(double));
        }
    }

    /// <summary>Stocks.</summary>
    public int Rows { get; }

    /// <summary>Values in a row.</summary>
    public int Columns { get; }

    /// <summary>Distance between the starts of two rows, in values; a multiple of 8.</summary>
    public int Stride { get; }

    /// <summary>The values of one stock: a view, not a copy.</summary>
    public Span<double> this[int row]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
            return _values.AsSpan(_offset + row * Stride, Columns);
        }
    }

    /// <summary>Zeros. Large arrays are advised before they are first touched.</summary>
    static unsafe double[] Allocate(int length)
    {
        const int LargeDoubles = 1 << 20;
        if (length < LargeDoubles)
        {
            return GC.AllocateArray<double>(length, pinned: true);
        }

        var values = GC.AllocateUninitializedArray<double>(length, pinned: true);
        fixed (double* start = values)
        {
            HugePages.Ask(start, (long)length * sizeof(double));
        }

        Array.Clear(values);
        return values;
    }

    /// <summary>The array is pinned for life; keep the matrix reachable while the pointer is used.</summary>
    internal unsafe double* Pointer(int row)
    {
        fixed (double* start = _values)
        {
            return start + _offset + (long)row * Stride;
        }
    }
}
