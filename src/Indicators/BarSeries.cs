namespace Fettle.Indicators;

/// <summary>
/// The bars of one stock, oldest first, as columns of equal length. Columns that the indicator does not read may stay empty.
/// </summary>
public readonly ref struct BarSeries
{
    /// <summary>First prices.</summary>
    public ReadOnlySpan<double> Open { get; init; }

    /// <summary>Highest prices.</summary>
    public ReadOnlySpan<double> High { get; init; }

    /// <summary>Lowest prices.</summary>
    public ReadOnlySpan<double> Low { get; init; }

    /// <summary>Last prices.</summary>
    public ReadOnlySpan<double> Close { get; init; }

    /// <summary>Traded quantities.</summary>
    public ReadOnlySpan<double> Volume { get; init; }

    /// <summary>A second series to compare with, such as an index.</summary>
    public ReadOnlySpan<double> Reference { get; init; }

    /// <summary>The length of the columns that <paramref name="fields"/> names.</summary>
    /// <exception cref="ArgumentException">They differ in length.</exception>
    internal int Length(BarFields fields)
    {
        var length = -1;
        Check(fields, BarFields.Open, Open, ref length);
        Check(fields, BarFields.High, High, ref length);
        Check(fields, BarFields.Low, Low, ref length);
        Check(fields, BarFields.Close, Close, ref length);
        Check(fields, BarFields.Volume, Volume, ref length);
        Check(fields, BarFields.Reference, Reference, ref length);
        return length;
    }

    static void Check(BarFields fields, BarFields field, ReadOnlySpan<double> column, ref int length)
    {
        if ((fields & field) == 0)
        {
            return;
        }

        if (length >= 0 && column.Length != length)
        {
            Throw.ColumnLength(field.ToString(), column.Length, length);
        }

        length = column.Length;
    }
}
