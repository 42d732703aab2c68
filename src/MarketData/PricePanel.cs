using Fettle.Indicators;

namespace Fettle.MarketData;

/// <summary>
/// The daily bars of a market in memory, in columns: field × stock × bar, each stock's bars without holes from its first one, oldest first.
/// A stock's slice is a view. Indicators therefore run over the same bars, in the same order, as for the stock alone.
/// </summary>
/// <remarks>
/// One writer may append while others read: a new bar is written before the count that covers it. Whatever would change bars that a reader
/// may be looking at (a correction, an older bar, more room) is done on a copy instead, which <see cref="Append"/> returns.
/// </remarks>
public sealed class PricePanel
{
    /// <summary>Room for new bars in a fresh panel, so that a quarter of trading days fits before a copy is needed.</summary>
    public const int Headroom = 64;

    readonly Dictionary<string, int> _index;
    readonly string[] _codes;
    readonly int[] _days;

    internal PricePanel(string[] codes, int capacity)
    {
        _codes = codes;
        _index = new Dictionary<string, int>(codes.Length, StringComparer.Ordinal);
        for (var i = 0; i < codes.Length; i++)
        {
            _index.Add(codes[i], i);
        }

        Bars = new BarMatrix(codes.Length, capacity);
        _days = new int[codes.Length * capacity];
    }

    /// <summary>Stocks, in row order.</summary>
    public IReadOnlyList<string> Codes => _codes;

    /// <summary>The columns; rows are stocks in the order of <see cref="Codes"/>.</summary>
    public BarMatrix Bars { get; }

    /// <summary>Bars of all stocks together.</summary>
    public long BarCount
    {
        get
        {
            var sum = 0L;
            foreach (var count in Bars.Counts)
            {
                sum += count;
            }

            return sum;
        }
    }

    /// <summary>Builds a panel from bars in any order.</summary>
    /// <exception cref="InvalidDataException">A stock has two bars on one day.</exception>
    public static PricePanel Build(IEnumerable<StockBar> bars)
    {
        var builder = new PanelBuilder();
        foreach (var bar in bars)
        {
            builder.Add(builder.Stock(bar.Code), bar.Day, bar.Open, bar.High, bar.Low, bar.Close, bar.Volume);
        }

        return builder.Build();
    }

    /// <summary>The row of a stock.</summary>
    public bool TryFind(string code, out int row) => _index.TryGetValue(code, out row);

    /// <summary>The row of a stock.</summary>
    /// <exception cref="KeyNotFoundException">The panel has no such stock.</exception>
    public int Find(string code)
    {
        if (!_index.TryGetValue(code, out var row))
        {
            Throw.UnknownStock(code);
        }

        return row;
    }

    /// <summary>Trading days of a stock as day numbers, ascending: a view.</summary>
    public ReadOnlySpan<int> Days(int row) => _days.AsSpan(row * Bars.Capacity, Bars.Counts[row]);

    /// <summary>One bar of a stock.</summary>
    public StockBar Bar(int row, int index) => new(
        _codes[row], Days(row)[index], Bars.Open[row][index], Bars.High[row][index], Bars.Low[row][index], Bars.Close[row][index], Bars.Volume[row][index]);

    /// <summary>How many bars a stock has on or before the day: what was known at its end.</summary>
    public int CountUpTo(int row, int day)
    {
        var days = Days(row);
        if (days.Length == 0 || days[^1] <= day)
        {
            return days.Length;
        }

        var at = days.BinarySearch(day);
        return at < 0 ? ~at : at + 1;
    }

    /// <summary>The counts of every stock up to the day, for <see cref="IndicatorBatch.ComputeLast(BarMatrix, ReadOnlySpan{int}, SeriesMatrix, int)"/>.</summary>
    public int[] CountsUpTo(int day)
    {
        var counts = new int[_codes.Length];
        for (var row = 0; row < counts.Length; row++)
        {
            counts[row] = CountUpTo(row, day);
        }

        return counts;
    }

    /// <summary>
    /// Takes new bars and returns the panel to use from now on: this one when they all follow the last bars of known stocks,
    /// else a copy. A bar on a day that the stock already has replaces that bar. One writer at a time.
    /// </summary>
    public PricePanel Append(IReadOnlyCollection<StockBar> bars)
    {
        if (CanAppendInPlace(bars))
        {
            foreach (var bar in bars.OrderBy(b => b.Day))
            {
                var row = _index[bar.Code];
                var at = Bars.Counts[row];
                Set(row, at, bar);
                Bars.SetCount(row, at + 1);
            }

            return this;
        }

        return Merge(bars);
    }

    internal Span<int> AllDays(int row) => _days.AsSpan(row * Bars.Capacity, Bars.Capacity);

    bool CanAppendInPlace(IReadOnlyCollection<StockBar> bars)
    {
        foreach (var stock in bars.GroupBy(b => b.Code, StringComparer.Ordinal))
        {
            if (!_index.TryGetValue(stock.Key, out var row)
                || Bars.Counts[row] + stock.Count() > Bars.Capacity
                || stock.Select(b => b.Day).Distinct().Count() != stock.Count()
                || (Bars.Counts[row] > 0 && stock.Min(b => b.Day) <= Days(row)[^1]))
            {
                return false;
            }
        }

        return true;
    }

    void Set(int row, int at, in StockBar bar)
    {
        Bars.Open[row][at] = bar.Open;
        Bars.High[row][at] = bar.High;
        Bars.Low[row][at] = bar.Low;
        Bars.Close[row][at] = bar.Close;
        Bars.Volume[row][at] = bar.Volume;
        _days[row * Bars.Capacity + at] = bar.Day;
    }

    PricePanel Merge(IReadOnlyCollection<StockBar> bars)
    {
        var builder = new PanelBuilder();
        var replaced = bars.Select(b => (b.Code, b.Day)).ToHashSet();
        for (var row = 0; row < _codes.Length; row++)
        {
            var stock = builder.Stock(_codes[row]);
            for (var i = 0; i < Bars.Counts[row]; i++)
            {
                if (!replaced.Contains((_codes[row], Days(row)[i])))
                {
                    builder.Add(stock, Days(row)[i], Bars.Open[row][i], Bars.High[row][i], Bars.Low[row][i], Bars.Close[row][i], Bars.Volume[row][i]);
                }
            }
        }

        // Of two new bars on one day the later in the list counts.
        foreach (var bar in bars.GroupBy(b => (b.Code, b.Day)).Select(g => g.Last()))
        {
            builder.Add(builder.Stock(bar.Code), bar.Day, bar.Open, bar.High, bar.Low, bar.Close, bar.Volume);
        }

        return builder.Build();
    }
}
