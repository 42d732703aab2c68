namespace Fettle.Indicators;

/// <summary>
/// The bars of many stocks in columns: field × stock × bar. Each stock's bars stand without holes from index 0, oldest first;
/// a stock may have fewer bars than the capacity.
/// </summary>
public sealed class BarMatrix
{
    readonly int[] _counts;

    /// <param name="stocks">Rows.</param>
    /// <param name="capacity">Most bars a stock can have.</param>
    public BarMatrix(int stocks, int capacity)
    {
        Open = new SeriesMatrix(stocks, capacity);
        High = new SeriesMatrix(stocks, capacity);
        Low = new SeriesMatrix(stocks, capacity);
        Close = new SeriesMatrix(stocks, capacity);
        Volume = new SeriesMatrix(stocks, capacity);
        _counts = new int[stocks];
    }

    /// <summary>Rows.</summary>
    public int Stocks => _counts.Length;

    /// <summary>Most bars a stock can have.</summary>
    public int Capacity => Close.Columns;

    /// <summary>First prices.</summary>
    public SeriesMatrix Open { get; }

    /// <summary>Highest prices.</summary>
    public SeriesMatrix High { get; }

    /// <summary>Lowest prices.</summary>
    public SeriesMatrix Low { get; }

    /// <summary>Last prices.</summary>
    public SeriesMatrix Close { get; }

    /// <summary>Traded quantities.</summary>
    public SeriesMatrix Volume { get; }

    /// <summary>A second series per stock for beta and correlation, bar by bar beside the closes; null until it is set.</summary>
    /// <exception cref="ArgumentException">The matrix has another shape.</exception>
    public SeriesMatrix? Reference
    {
        get;
        set
        {
            if (value is not null)
            {
                Throw.IfShape(value, Stocks, Capacity);
            }

            field = value;
        }
    }

    /// <summary>Bars of each stock.</summary>
    public ReadOnlySpan<int> Counts => _counts;

    /// <summary>States how many bars of a stock are valid; bars written before are visible to whoever reads the count.</summary>
    public void SetCount(int stock, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Capacity);
        Volatile.Write(ref _counts[stock], count);
    }

    /// <summary>The bars of one stock as views.</summary>
    public BarSeries this[int stock] => Slice(stock, _counts[stock]);

    /// <summary>The first <paramref name="count"/> bars of one stock as views.</summary>
    public BarSeries Slice(int stock, int count) => new()
    {
        Open = Open[stock][..count],
        High = High[stock][..count],
        Low = Low[stock][..count],
        Close = Close[stock][..count],
        Volume = Volume[stock][..count],
        Reference = Reference is { } reference ? reference[stock][..count] : default,
    };

    internal SeriesMatrix Field(int index) => index switch { 0 => Open, 1 => High, 2 => Low, 3 => Close, 4 => Volume, _ => Reference ?? throw Throw.NoReference() };
}
