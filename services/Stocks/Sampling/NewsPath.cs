namespace Fettle.Services.Stocks.Sampling;

/// <summary>News items of one stock: a slow trickle, more of them around announcements, their tone leaning to the surprise.</summary>
internal static class NewsPath
{
    public static List<SampledNews> Make(StockProfile profile, QuarterPath quarters, DateOnly from, DateOnly to, SampleRandom random)
    {
        var news = new List<SampledNews>();
        var trickle = profile.MarketCapTier switch { 1 => 0.16, 2 => 0.11, 3 => 0.07, _ => 0.04 };
        var tone = 0.1 * random.Normal();
        for (var day = from; day <= to; day = day.AddDays(1))
        {
            var (rate, lean) = (trickle, tone);
            for (var i = 0; i < quarters.Surprises.Length; i++)
            {
                var distance = day.DayNumber - quarters.Announcements[i].DayNumber;
                if (distance is >= -12 and <= 4)
                {
                    rate = trickle + 0.25;
                    lean = tone + 0.22 * quarters.Surprises[i];
                }
            }

            if (!random.Chance(rate))
            {
                continue;
            }

            var published = day.ToDateTime(new TimeOnly(random.Below(24), random.Below(60), random.Below(60)));
            news.Add(new SampledNews(published, Math.Round(Math.Clamp(lean + 0.35 * random.Normal(), -1, 1), 3)));
            if (random.Chance(0.15))
            {
                news.Add(new SampledNews(published, Math.Round(Math.Clamp(lean + 0.35 * random.Normal(), -1, 1), 3)));
            }
        }

        return news;
    }
}
