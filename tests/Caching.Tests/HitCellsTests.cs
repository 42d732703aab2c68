using Fettle.Caching.Statistics;

namespace Fettle.Caching.Tests;

public class HitCellsTests
{
    [Fact]
    public void HitsOfManyThreads_AreAllCountedWhenTheyEnded()
    {
        var cells = new HitCells();
        for (var wave = 1; wave <= 3; wave++)
        {
            var threads = Enumerable.Range(0, 8).Select(_ => new Thread(() =>
            {
                for (var i = 0; i < 10_000; i++)
                {
                    cells.Mine.Hits++;
                }
            })).ToList();
            threads.ForEach(t => t.Start());
            threads.ForEach(t => t.Join());
            cells.Sum().ShouldBe(wave * 80_000);
        }
    }

    [Fact]
    public async Task TwoCategories_CountApart()
    {
        await using var cache = new FettleCache();
        var (one, two) = (cache.Category<string>(new CategoryOptions("one")), cache.Category<string>(new CategoryOptions("two")));
        await one.SetAsync("k", "v");
        await two.SetAsync("k", "v");
        for (var i = 0; i < 100; i++)
        {
            one.TryGet("k", out _);
        }

        two.TryGet("k", out _);
        one.GetStatistics().Hits.ShouldBe(100);
        two.GetStatistics().Hits.ShouldBe(1);
    }

    [Fact]
    public void HitsThatWait_AreLeftOutOfTheCurve()
    {
        // Every key is in the sample of so small a cache. Each request is a hit at distance one: the curve says 100 %, however many wait.
        var (cells, curve) = (new HitCells(), new MemoryCurve(10));
        for (var i = 0; i < 205; i++)
        {
            var cell = cells.Mine;
            cell.Samples[cell.Sampled] = (uint)(i & 1);
            cell.Hits++;
            if (++cell.Sampled == HitSamples.Length)
            {
                curve.See(cell);
            }
        }

        cells.Waiting().ShouldBe(205 % HitSamples.Length);
        var points = curve.Read(cells.Sum(), cells.Waiting());
        points.ShouldAllBe(p => p.HitRatePercent > 98 && p.HitRatePercent <= 100);
    }
}
