namespace Fettle.MarketData.Tests;

/// <summary>Whatever arrives in whatever order: a panel that was appended to equals one that is built anew, bit for bit.</summary>
public sealed class AppendPropertyTests
{
    [Theory]
    [InlineData(1, 60)]
    [InlineData(2, 60)]
    [InlineData(3, 60)]
    [InlineData(4, 60)]
    public void RandomAppends_EqualBuildingAnew(int seed, int steps)
    {
        var random = new Random(seed);
        var known = new Dictionary<(string Code, int Day), StockBar>();
        var panel = PricePanel.Build([]);
        var (inPlace, copied) = (0, 0);
        var today = TestBars.FirstDay;
        for (var step = 0; step < steps; step++)
        {
            var before = panel;
            var (snapshot, rows) = (TestBars.Of(before).ToList(), before.Codes.Count);
            var chunk = Chunk(random, known, ref today, step);
            panel = panel.Append(chunk);
            foreach (var bar in chunk)
            {
                known[(bar.Code, bar.Day)] = bar;
            }

            ShouldEqual(panel, PricePanel.Build(known.Values));
            if (ReferenceEquals(panel, before))
            {
                inPlace++;
            }
            else
            {
                copied++;
                before.Codes.Count.ShouldBe(rows);
                TestBars.Of(before).ShouldBe(snapshot, "who reads the old panel keeps what it had");
            }
        }

        inPlace.ShouldBeGreaterThan(steps / 4);
        copied.ShouldBeGreaterThan(steps / 10);
    }

    /// <summary>A day's bars of some stocks; now and then a stock that is new, a day in the past, a correction, or one bar twice.</summary>
    static List<StockBar> Chunk(Random random, Dictionary<(string Code, int Day), StockBar> known, ref int today, int step)
    {
        today += random.Next(1, 5);
        var stocks = 3 + step / 6;
        var chunk = new List<StockBar>();
        for (var s = 0; s < stocks; s++)
        {
            // A gap on one day in four; a listing when the number of stocks grows.
            if (random.Next(4) > 0)
            {
                chunk.Add(Bar(random, s, today));
            }
        }

        switch (random.Next(8))
        {
            case 0:
                chunk.Add(Bar(random, random.Next(stocks), today - random.Next(1, 60)));
                break;
            case 1 when known.Count > 0:
                chunk.Add(known.Values.ElementAt(random.Next(known.Count)) with { Close = random.NextDouble() * 100 });
                break;
            case 2 when chunk.Count > 0:
                chunk.Add(chunk[0] with { Volume = random.Next(1000) });
                break;
        }

        return chunk;
    }

    static StockBar Bar(Random random, int stock, int day)
    {
        var price = Math.Round(50 + stock + random.NextDouble(), 2);
        return new StockBar($"{500000 + 7 * stock % 40}", day, price, price + 1, price - 1, price + 0.05, random.Next(0, 100_000));
    }

    static void ShouldEqual(PricePanel actual, PricePanel expected)
    {
        actual.Codes.ShouldBe(expected.Codes);
        for (var row = 0; row < expected.Codes.Count; row++)
        {
            actual.Days(row).SequenceEqual(expected.Days(row)).ShouldBeTrue(actual.Codes[row]);
            var a = actual.Bars[row];
            var b = expected.Bars[row];
            Bits(a.Open).ShouldBe(Bits(b.Open));
            Bits(a.High).ShouldBe(Bits(b.High));
            Bits(a.Low).ShouldBe(Bits(b.Low));
            Bits(a.Close).ShouldBe(Bits(b.Close));
            Bits(a.Volume).ShouldBe(Bits(b.Volume));
        }

        actual.BarCount.ShouldBe(expected.BarCount);
    }

    static long[] Bits(ReadOnlySpan<double> values) => Array.ConvertAll(values.ToArray(), BitConverter.DoubleToInt64Bits);
}
