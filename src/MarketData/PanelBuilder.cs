using System.Runtime.InteropServices;

namespace Fettle.MarketData;

/// <summary>Collects bars in whatever order they come, row by row without a copy per stock, and lays them out as a panel.</summary>
internal sealed class PanelBuilder
{
    const int BlockRows = 1 << 15;
    readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    readonly List<string> _codes = [];
    readonly List<int> _counts = [];
    // In blocks: a list that doubles would hold the market three times at its peak.
    readonly List<Row[]> _blocks = [];
    int _inLast = BlockRows;

    readonly record struct Row(int Stock, int Day, double Open, double High, double Low, double Close, double Volume);

    /// <summary>The number of a stock, given on first sight.</summary>
    public int Stock(string code)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_index, code, out var exists);
        if (!exists)
        {
            number = _codes.Count;
            _codes.Add(code);
            _counts.Add(0);
        }

        return number;
    }

    public void Add(int stock, int day, double open, double high, double low, double close, double volume)
    {
        if (_inLast == BlockRows)
        {
            _blocks.Add(new Row[BlockRows]);
            _inLast = 0;
        }

        _blocks[^1][_inLast++] = new Row(stock, day, open, high, low, close, volume);
        CollectionsMarshal.AsSpan(_counts)[stock]++;
    }

    public PricePanel Build()
    {
        // Rows are in the order of codes, so that two databases with the same bars give the same panel.
        var order = Enumerable.Range(0, _codes.Count).OrderBy(i => _codes[i], StringComparer.Ordinal).ToArray();
        var rowOf = new int[order.Length];
        for (var row = 0; row < order.Length; row++)
        {
            rowOf[order[row]] = row;
        }

        var capacity = _counts.Count == 0 ? 0 : _counts.Max() + PricePanel.Headroom;
        var panel = new PricePanel([.. order.Select(i => _codes[i])], capacity);
        var filled = new int[order.Length];
        var disordered = new bool[order.Length];
        for (var block = 0; block < _blocks.Count; block++)
        {
            Place(panel, _blocks[block].AsSpan(0, block + 1 < _blocks.Count ? BlockRows : _inLast), rowOf, filled, disordered);
        }

        for (var row = 0; row < order.Length; row++)
        {
            if (disordered[row])
            {
                Sort(panel, row, filled[row]);
            }

            panel.Bars.SetCount(row, filled[row]);
        }

        return panel;
    }

    static void Place(PricePanel panel, ReadOnlySpan<Row> rows, int[] rowOf, int[] filled, bool[] disordered)
    {
        foreach (ref readonly var bar in rows)
        {
            var row = rowOf[bar.Stock];
            var at = filled[row]++;
            var days = panel.AllDays(row);
            days[at] = bar.Day;
            disordered[row] |= at > 0 && days[at - 1] >= bar.Day;
            panel.Bars.Open[row][at] = bar.Open;
            panel.Bars.High[row][at] = bar.High;
            panel.Bars.Low[row][at] = bar.Low;
            panel.Bars.Close[row][at] = bar.Close;
            panel.Bars.Volume[row][at] = bar.Volume;
        }
    }

    static void Sort(PricePanel panel, int row, int count)
    {
        var days = panel.AllDays(row)[..count];
        var order = new int[count];
        for (var i = 0; i < count; i++)
        {
            order[i] = i;
        }

        days.Sort(order.AsSpan());
        for (var i = 1; i < count; i++)
        {
            if (days[i] == days[i - 1])
            {
                throw Throw.DuplicateBar(panel.Codes[row], days[i]);
            }
        }

        var scratch = new double[count];
        foreach (var column in new[] { panel.Bars.Open, panel.Bars.High, panel.Bars.Low, panel.Bars.Close, panel.Bars.Volume })
        {
            var values = column[row][..count];
            values.CopyTo(scratch);
            for (var i = 0; i < count; i++)
            {
                values[i] = scratch[order[i]];
            }
        }
    }
}
