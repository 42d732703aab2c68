namespace Fettle.MarketData.Tests;

public sealed class PricePanelTests
{
    [Fact]
    public void Build_FromShuffledBars_OrdersStocksAndDays()
    {
        var bars = TestBars.Market(7, 60);
        var shuffled = bars.ToArray();
        new Random(3).Shuffle(shuffled);
        TestBars.Of(PricePanel.Build(shuffled)).ShouldBe(TestBars.Sorted(bars));
    }

    [Fact]
    public void Build_WithTwoBarsOnADay_NamesStockAndDay()
    {
        var bars = TestBars.Market(2, 10);
        bars.Add(bars[3]);
        Should.Throw<InvalidDataException>(() => PricePanel.Build(bars)).Message
            .ShouldBe($"stock '500000' has two bars on {DateOnly.FromDayNumber(bars[3].Day):yyyy-MM-dd}; remove one of them");
    }

    [Fact]
    public void CountUpTo_AnyDay_CountsBarsOnOrBefore()
    {
        var panel = PricePanel.Build(TestBars.Market(4, 40));
        for (var row = 0; row < 4; row++)
        {
            for (var day = TestBars.FirstDay - 2; day < TestBars.FirstDay + 45; day++)
            {
                panel.CountUpTo(row, day).ShouldBe(panel.Days(row).ToArray().Count(d => d <= day));
            }
        }
    }

    [Fact]
    public void Append_OfNewBars_WritesInPlace()
    {
        var bars = TestBars.Market(5, 50);
        var split = TestBars.FirstDay + 40;
        var panel = PricePanel.Build(bars.Where(b => b.Day < split));
        panel.Append([.. bars.Where(b => b.Day >= split).Reverse()]).ShouldBeSameAs(panel);
        TestBars.Of(panel).ShouldBe(TestBars.Sorted(bars));
    }

    [Fact]
    public void Append_OfACorrection_LeavesTheOldPanelAsItWas()
    {
        var bars = TestBars.Market(3, 30);
        var panel = PricePanel.Build(bars);
        var corrected = bars[4] with { Close = 999 };
        var next = panel.Append([corrected]);
        next.ShouldNotBeSameAs(panel);
        TestBars.Of(panel).ShouldBe(TestBars.Sorted(bars));
        bars[4] = corrected;
        TestBars.Of(next).ShouldBe(TestBars.Sorted(bars));
    }

    [Fact]
    public void Append_BarByBar_EqualsBuildingAtOnce()
    {
        // Includes new stocks, days before the first one, and more bars than there is room for.
        var bars = TestBars.Market(3, PricePanel.Headroom + 30);
        var shuffled = bars.ToArray();
        new Random(9).Shuffle(shuffled);
        var panel = PricePanel.Build([]);
        foreach (var chunk in shuffled.Chunk(11))
        {
            panel = panel.Append(chunk);
        }

        TestBars.Of(panel).ShouldBe(TestBars.Sorted(bars));
    }

    [Fact]
    public void Slice_OfAStock_IsAView()
    {
        var panel = PricePanel.Build(TestBars.Market(2, 20));
        panel.Bars.Close[1][3] = 7;
        panel.Bars[1].Close[3].ShouldBe(7);
    }

    [Fact]
    public void Find_OfAnUnknownStock_NamesIt() =>
        Should.Throw<KeyNotFoundException>(() => PricePanel.Build(TestBars.Market(1, 5)).Find("1")).Message.ShouldBe("the panel has no stock '1'");
}
