namespace Fettle.Services.Stocks.Sampling;

/// <summary>
/// The quarters of one stock. A latent surprise per quarter moves revenue and margin together; it later moves the price on the
/// day after the announcement, which is how the features come to explain a part of the label.
/// </summary>
internal sealed class QuarterPath
{
    static readonly double[] Season = [0.96, 0.99, 1.03, 1.02];

    public required List<SampledQuarter> Quarters { get; init; }

    /// <summary>Announcement days, one more than quarters: the last one is still to come.</summary>
    public required List<DateOnly> Announcements { get; init; }

    /// <summary>The latent surprise of each quarter, standard normal.</summary>
    public required double[] Surprises { get; init; }

    public static QuarterPath Make(StockProfile profile, SampleOptions options, SampleRandom random)
    {
        var count = options.Quarters;
        var (year, quarter) = LastAnnounced(options.LastDay);
        var growth = 0.10 + 0.12 * random.Normal();
        var npm = Math.Max(1.5, 10 + 5 * random.Normal());
        var trend = 0.15 * random.Normal();
        var revenue = Math.Max(2, profile.MarketCapCr / random.Between(8, 30));
        var equity = profile.MarketCapCr / random.Between(1.5, 6);
        var leverage = Math.Max(0, random.Between(-0.3, 1.6));
        var shares = profile.MarketCapCr / random.Between(40, 900);
        var lag = random.Between(12, 42);
        var missing = random.Chance(0.03);

        var quarters = new List<SampledQuarter>(count);
        var announcements = new List<DateOnly>(count + 1);
        var surprises = new double[count];
        var first = year * 4 + (quarter - 1) - (count - 1);
        for (var i = 0; i <= count; i++)
        {
            var index = first + i;
            var (y, q) = (index / 4, index % 4 + 1);
            var announced = QuarterEnd(y, q).AddDays((int)Math.Clamp(lag + random.Between(-5, 5), 10, 44));
            announcements.Add(announced);
            if (i == count)
            {
                break;
            }

            var surprise = surprises[i] = random.Normal();
            var yearsIn = i / 4.0;
            var sales = revenue * Math.Pow(1 + growth, yearsIn) * Season[q - 1] * (1 + 0.06 * surprise + 0.02 * random.Normal());
            var margin = npm + trend * i + 0.9 * surprise + 0.6 * random.Normal();
            var profit = sales * margin / 100;
            equity = Math.Max(1, equity + 0.7 * profit);
            var liabilities = sales * random.Between(0.5, 1.1);
            quarters.Add(new SampledQuarter(
                q, y, announced, Round(sales), Round(profit), Round(profit / shares), Round(margin * 1.35 + 3), Round(margin),
                missing && random.Chance(0.3) ? double.NaN : Round(equity),
                Round(equity * leverage), Round(liabilities * Math.Max(0.4, 1.5 + 0.4 * random.Normal())), Round(liabilities)));
        }

        return new QuarterPath { Quarters = quarters, Announcements = announcements, Surprises = surprises };
    }

    /// <summary>The last quarter whose results are surely out: 45 days after its end lie on or before the day.</summary>
    static (int Year, int Quarter) LastAnnounced(DateOnly day)
    {
        var index = (day.Year + 1) * 4;
        while (QuarterEnd(index / 4, index % 4 + 1).AddDays(45) > day)
        {
            index--;
        }

        return (index / 4, index % 4 + 1);
    }

    /// <summary>Financial years run from April: quarter 1 of year 2025 ends on 2024-06-30, quarter 4 on 2025-03-31.</summary>
    internal static DateOnly QuarterEnd(int year, int quarter) => quarter switch
    {
        1 => new DateOnly(year - 1, 6, 30),
        2 => new DateOnly(year - 1, 9, 30),
        3 => new DateOnly(year - 1, 12, 31),
        _ => new DateOnly(year, 3, 31),
    };

    static double Round(double value) => Math.Round(value, 2);
}
