using Fettle.Services.Stocks.Labels;

namespace Fettle.Services.Stocks.Sampling;

/// <summary>
/// Makes a believable universe, stock by stock, each from a random stream of its own. Reads no clock and no file:
/// the same options give the same stocks on every run.
/// </summary>
internal sealed class UniverseGenerator
{
    readonly SampleOptions _options;
    readonly MarketPath _market;

    public UniverseGenerator(SampleOptions options)
    {
        _options = options with { };
        Days = TradingCalendar.UpTo(_options.LastDay, _options.Days);
        _market = MarketPath.Make(Days, new SampleRandom(_options.Seed, -1));
    }

    public DateOnly[] Days { get; }

    public SampledStock Stock(int number)
    {
        var random = new SampleRandom(_options.Seed, number);
        var profile = Profile(number, random);
        var quarters = QuarterPath.Make(profile, _options, random);
        var firstDay = random.Chance(0.06) ? random.Below(Days.Length * 19 / 20) : 0;
        var price = Math.Exp(random.Between(Math.Log(8), Math.Log(4000)));
        var volume = Math.Clamp(profile.MarketCapCr * 1e7 / price * random.Between(0.0004, 0.004), 200, 5e8);
        var bars = new PricePath(random, _market, profile.IndustryCode).Make(firstDay, price, volume, quarters);
        return new SampledStock
        {
            Profile = profile,
            Bars = bars,
            Quarters = quarters.Quarters,
            Announcements = quarters.Announcements,
            News = NewsPath.Make(profile, quarters, Days[0].AddDays(-90), Days[^1], random),
            Labels = LabelsOf(bars, quarters.Announcements),
        };
    }

    static StockProfile Profile(int number, SampleRandom random)
    {
        var (company, symbol) = StockNames.Of(number, random);
        // Pareto-like: many micro caps, a few giants.
        var cap = Math.Round(Math.Min(2_000_000, 60 * Math.Pow(1 - random.Uniform(), -1 / 0.75)), 2);
        var listedOnNse = cap > 1000 || random.Chance(0.55);
        var status = random.Uniform() switch { < 0.012 => "suspended", < 0.02 => "delisted", _ => "active" };
        return new StockProfile(
            (500_000 + number * 7).ToString(), listedOnNse ? symbol : null, company, StockNames.Isin(number),
            random.Below(Industries.Names.Length), cap, status);
    }

    List<CircuitLabel> LabelsOf(List<SampledBar> bars, List<DateOnly> announcements)
    {
        var labels = new List<CircuitLabel>();
        var next = 0;
        foreach (var announced in announcements)
        {
            while (next < bars.Count && Days[bars[next].Day] <= announced)
            {
                next++;
            }

            if (next < bars.Count
                && LabelRule.Of(announced, Days[bars[next].Day], bars[next].Close, bars[next].PrevClose, bars[next].CircuitLimit, bars[next].HitUpper) is { } label)
            {
                labels.Add(label);
            }
        }

        return labels;
    }
}
