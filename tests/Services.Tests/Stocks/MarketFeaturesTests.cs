using Fettle.MarketData;
using Fettle.Services.Stocks.Features;

namespace Fettle.Services.Tests.Stocks;

/// <summary>The panel against the plain path, bit for bit, and both against the future.</summary>
public sealed class MarketFeaturesTests
{
    internal static readonly int FirstDay = new DateOnly(2024, 1, 1).DayNumber;

    static readonly DateOnly[] Dates = [.. new[] { 30, 60, 200, 299, 305 }.Select(d => DateOnly.FromDayNumber(FirstDay + d))];

    /// <summary>Stocks with late listings, days without trade, missing figures and news of all ages; after <paramref name="cut"/> everything differs by seed.</summary>
    internal static Dictionary<string, StockHistory> Market(int stocks, int cut = int.MaxValue, int futureSeed = 0)
    {
        var result = new Dictionary<string, StockHistory>(StringComparer.Ordinal);
        for (var s = 0; s < stocks; s++)
        {
            var (past, future) = (new Random(s), new Random(1000 * futureSeed + s));
            Random At(int day) => day > cut ? future : past;
            var (days, closes, volumes) = (new List<int>(), new List<double>(), new List<double>());
            var price = 20.0 + 13 * s;
            for (var day = FirstDay + 11 * (s % 9); day < FirstDay + 300; day++)
            {
                var random = At(day);
                price = Math.Max(0.05, Math.Round(price * (1 + 0.05 * (random.NextDouble() - 0.5)), 2));
                if (random.Next(6) > 0)
                {
                    days.Add(day);
                    closes.Add(price);
                    volumes.Add(random.Next(10) == 0 ? 0 : random.Next(1, 90_000));
                }
            }

            var quarters = new List<QuarterResult>();
            for (var q = 0; q < 13; q++)
            {
                var announced = FirstDay - 800 + 90 * q + s % 20;
                double Figure() => At(announced).Next(15) == 0 ? double.NaN : At(announced).NextDouble() * 500 - 50;
                quarters.Add(new QuarterResult(2021 + q / 4, 1 + q % 4, announced, Figure(), Figure(), Figure(), Figure(), Figure(), Figure(), Figure()));
            }

            var news = new List<NewsItem>();
            for (var day = FirstDay - 70; day < FirstDay + 300; day++)
            {
                var random = At(day);
                if (random.Next(3 + s % 7) == 0)
                {
                    news.Add(new NewsItem(DateOnly.FromDayNumber(day).ToDateTime(new TimeOnly(random.Next(24), 5)).Ticks, random.NextDouble() * 2 - 1));
                }
            }

            var code = $"{500000 + s}";
            result.Add(code, new StockHistory
            {
                Stock = new StockIdentity(code, null, code, null, "active"),
                Days = [.. days],
                Closes = [.. closes],
                Volumes = [.. volumes],
                Quarters = [.. quarters],
                News = [.. news],
                Announcements = [.. quarters.Select(q => q.AnnouncedDay), FirstDay + 400],
            });
        }

        return result;
    }

    static MarketFeatures Panel(Dictionary<string, StockHistory> market) => MarketFeatures.Create(
        PricePanel.Build(market.SelectMany(m => m.Value.Days.Select((d, i) =>
            new StockBar(m.Key, d, m.Value.Closes[i], m.Value.Closes[i] + 1, m.Value.Closes[i] - 0.01, m.Value.Closes[i], m.Value.Volumes[i])))),
        market);

    internal static long[] Bits(ReadOnlySpan<double> features) => [.. features.ToArray().Select(v => double.IsNaN(v) ? -1 : BitConverter.DoubleToInt64Bits(v))];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Batch_OfEveryStock_EqualsThePlainPath(int threads)
    {
        var market = Market(300);
        var panel = Panel(market);
        var (computed, refused) = (0, 0);
        foreach (var date in Dates)
        {
            var table = panel.Compute(date, threads);
            var (plain, single) = (new double[FeatureNames.Count], new double[FeatureNames.Count]);
            for (var row = 0; row < table.Codes.Count; row++)
            {
                var has = FeatureCalculator.TryCompute(market[table.Codes[row]], date, plain);
                table.Has(row).ShouldBe(has);
                panel.TryCompute(row, date, single).ShouldBe(has);
                if (has)
                {
                    computed++;
                    Bits(table[row]).ShouldBe(Bits(plain), $"{table.Codes[row]} on {date}");
                    Bits(single).ShouldBe(Bits(plain));
                }
                else
                {
                    refused++;
                }
            }
        }

        computed.ShouldBeGreaterThan(500);
        refused.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void Features_WhenTheFutureChanges_StayTheSame()
    {
        foreach (var date in Dates[1..3])
        {
            // Announcement days are known in advance and are the same in both.
            var market = Market(60, date.DayNumber, 1);
            var other = Market(60, date.DayNumber, 2);
            var (one, two) = (Panel(market).Compute(date, 1), Panel(other).Compute(date, 1));
            market.ShouldContain(m => !m.Value.Closes.SequenceEqual(other[m.Key].Closes), "the futures differ");
            market.ShouldContain(m => !m.Value.News.SequenceEqual(other[m.Key].News));
            market.ShouldContain(m => !m.Value.Quarters.SequenceEqual(other[m.Key].Quarters));
            one.Computed.ShouldBeGreaterThan(date == Dates[1] ? 10 : 50);
            for (var row = 0; row < one.Codes.Count; row++)
            {
                Bits(one[row]).ShouldBe(Bits(two[row]), one.Codes[row]);
            }
        }
    }

    [Fact]
    public void NewBar_Appended_GivesTheFeaturesOfAFreshPanel()
    {
        var market = Market(20);
        var date = Dates[3];
        var fresh = Panel(market).Compute(date, 1);
        var earlier = Panel(market.ToDictionary(m => m.Key, m => new StockHistory
        {
            Stock = m.Value.Stock,
            Days = m.Value.Days[..^3],
            Closes = m.Value.Closes[..^3],
            Volumes = m.Value.Volumes[..^3],
            Quarters = m.Value.Quarters,
            News = m.Value.News,
            Announcements = m.Value.Announcements,
        }));
        var news = market.SelectMany(m => m.Value.Days[^3..].Select((d, i) =>
            new StockBar(m.Key, d, m.Value.Closes[^(3 - i)], m.Value.Closes[^(3 - i)] + 1, m.Value.Closes[^(3 - i)] - 0.01, m.Value.Closes[^(3 - i)], m.Value.Volumes[^(3 - i)])));
        earlier.Prices.Append([.. news]).ShouldBeSameAs(earlier.Prices);
        var table = earlier.Compute(date, 1);
        for (var row = 0; row < fresh.Codes.Count; row++)
        {
            Bits(table[row]).ShouldBe(Bits(fresh[row]), fresh.Codes[row]);
        }
    }

    [Fact]
    public void Csv_OfATable_ReadsBackToTheSameBits()
    {
        var table = Panel(Market(30)).Compute(Dates[3], 1);
        var text = new StringWriter();
        table.WriteCsv(text, Dates[3]);
        var lines = text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(table.Computed + 1);
        lines[0].ShouldBe("bse_code,date," + string.Join(',', FeatureNames.All));
        var at = 1;
        for (var row = 0; row < table.Codes.Count; row++)
        {
            if (table.Has(row))
            {
                var fields = lines[at++].Split(',');
                fields[0].ShouldBe(table.Codes[row]);
                Bits([.. fields[2..].Select(f => f.Length == 0 ? double.NaN : double.Parse(f, System.Globalization.CultureInfo.InvariantCulture))]).ShouldBe(Bits(table[row]));
            }
        }
    }
}
