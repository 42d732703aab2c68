namespace Fettle.MarketData;

/// <summary>Collects packed rows and decodes them into a panel.</summary>
internal sealed class PackedPanelBuilder
{
    readonly List<(string Code, byte[] Data, int Count)> _stocks = [];

    public void Add(string code, byte[] data) => _stocks.Add((code, data, PackedSeries.Count(code, data)));

    public PricePanel Build()
    {
        _stocks.Sort((a, b) => string.CompareOrdinal(a.Code, b.Code));
        var capacity = _stocks.Count == 0 ? 0 : _stocks.Max(s => s.Count) + PricePanel.Headroom;
        var panel = new PricePanel([.. _stocks.Select(s => s.Code)], capacity);
        for (var row = 0; row < _stocks.Count; row++)
        {
            var (code, data, count) = _stocks[row];
            var bars = panel.Bars;
            var days = panel.AllDays(row)[..count];
            PackedSeries.Decode(data, days, bars.Open[row][..count], bars.High[row][..count], bars.Low[row][..count], bars.Close[row][..count], bars.Volume[row][..count]);
            for (var i = 1; i < count; i++)
            {
                if (days[i] <= days[i - 1])
                {
                    throw Throw.DamagedSeries(code, "its days do not ascend");
                }
            }

            bars.SetCount(row, count);
        }

        return panel;
    }
}
