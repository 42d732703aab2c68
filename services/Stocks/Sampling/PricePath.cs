using Fettle.Services.Stocks.Labels;

namespace Fettle.Services.Stocks.Sampling;

/// <summary>
/// Daily bars of one stock. Steps per trading day: (1) GARCH(1,1) volatility with fat-tailed innovations plus the market's and the
/// sector's move; (2) the day after an announcement adds the reaction to the quarter's surprise; (3) the move is cut at the stock's
/// circuit, and what was cut off presses on the next day; (4) volume follows volatility and reactions. Halts leave no bar.
/// </summary>
internal sealed class PricePath(SampleRandom random, MarketPath market, int industry)
{
    const double Tick = 0.05;

    readonly double _beta = Math.Max(0.2, 0.9 + 0.35 * random.Normal());
    readonly double _sectorBeta = random.Between(0.4, 1.1);
    readonly double _calm = random.Between(0.008, 0.024);
    readonly double _band = random.Uniform() switch { < 0.15 => 0.05, < 0.65 => 0.10, _ => 0.20 };
    readonly double _thin = random.Chance(0.04) ? random.Between(0.05, 0.3) : 0;

    public List<SampledBar> Make(int firstDay, double price, double typicalVolume, QuarterPath quarters)
    {
        var bars = new List<SampledBar>(market.Days.Length - firstDay);
        var close = RoundToTick(price);
        var previous = double.NaN;
        var variance = _calm * _calm;
        var pressure = 0.0;
        var shock = 0.0;
        var quarter = 0;
        var halted = 0;
        for (var day = firstDay; day < market.Days.Length; day++)
        {
            var reaction = 0.0;
            while (quarter < quarters.Surprises.Length && quarters.Announcements[quarter] < market.Days[day])
            {
                // Only the first trading day after an announcement reacts; older ones are history.
                reaction = market.Days[day].DayNumber - quarters.Announcements[quarter].DayNumber <= LabelRule.LookAheadDays
                    ? Reaction(quarters.Surprises[quarter], bars)
                    : 0;
                quarter++;
            }

            if (halted > 0 || random.Chance(0.0008))
            {
                halted = halted > 0 ? halted - 1 : random.Below(8);
                continue;
            }

            if (_thin > 0 && random.Chance(_thin))
            {
                continue;
            }

            variance = 0.06 * _calm * _calm + 0.10 * shock * shock + 0.84 * variance;
            shock = Math.Sqrt(variance) * random.FatTailed();
            var move = _beta * market.Market[day] + _sectorBeta * market.Sectors[industry][day] + shock + reaction + pressure;
            var bar = Bar(day, close, double.IsNaN(previous), move, reaction, typicalVolume, out pressure);
            bars.Add(bar);
            (previous, close) = (close, bar.Close);
        }

        return bars;
    }

    /// <summary>Fat on the upside after a good quarter, the more so when the price has been running up already.</summary>
    double Reaction(double surprise, List<SampledBar> bars)
    {
        var runUp = bars.Count > 20 ? Math.Clamp(bars[^1].Close / bars[^20].Close - 1, -0.2, 0.2) : 0;
        var score = 0.85 * surprise + 2.5 * runUp + 0.35 * random.Normal();
        return (0.03 * score + 0.12 * Math.Max(0, score - 0.7) - 0.05 * Math.Max(0, -score - 1.2)) * (_band < 0.2 ? 0.8 : 1.15);
    }

    SampledBar Bar(int day, double last, bool isFirst, double move, double reaction, double typicalVolume, out double pressure)
    {
        var upper = Math.Max(last + Tick, Math.Floor(last * (1 + _band) / Tick + 1e-9) * Tick);
        var lower = Math.Max(Tick, Math.Ceiling(last * (1 - _band) / Tick - 1e-9) * Tick);
        var wanted = last * Math.Exp(move);
        var close = Math.Clamp(RoundToTick(wanted), lower, upper);
        pressure = wanted > upper || wanted < lower ? 0.4 * Math.Log(wanted / close) : 0;

        var open = Math.Clamp(RoundToTick(last + (close - last) * random.Between(-0.1, 0.7)), lower, upper);
        var wick = last * _calm * 0.6;
        var high = Math.Min(upper, RoundToTick(Math.Max(open, close) + wick * random.Uniform()));
        var low = Math.Max(lower, RoundToTick(Math.Min(open, close) - wick * random.Uniform()));
        var activity = 1 + 5 * Math.Min(0.2, Math.Abs(move)) / _calm * 0.2 + (reaction != 0 ? 1.5 : 0);
        var volume = (long)(typicalVolume * activity * Math.Exp(0.45 * random.Normal())) + 1;
        return new SampledBar(
            day, Exact(open), Exact(Math.Max(high, Math.Max(open, close))), Exact(Math.Min(low, Math.Min(open, close))), Exact(close), volume,
            isFirst ? double.NaN : Exact(last), Exact(upper), close >= upper - 1e-9, close <= lower + 1e-9);
    }

    static double RoundToTick(double price) => Math.Max(Tick, Math.Round(price / Tick) * Tick);

    /// <summary>The double nearest to the decimal price, so that text and binary copies agree.</summary>
    static double Exact(double price) => Math.Round(price, 2);
}

/// <summary>The market's and each sector's move per trading day.</summary>
internal sealed class MarketPath
{
    public required DateOnly[] Days { get; init; }

    public required double[] Market { get; init; }

    public required double[][] Sectors { get; init; }

    public static MarketPath Make(DateOnly[] days, SampleRandom random) => new()
    {
        Days = days,
        Market = Factor(days.Length, 0.0003, 0.007, random),
        Sectors = Enumerable.Range(0, Industries.Names.Length).Select(_ => Factor(days.Length, 0, 0.005, random)).ToArray(),
    };

    static double[] Factor(int count, double drift, double calm, SampleRandom random)
    {
        var moves = new double[count];
        var (variance, shock) = (calm * calm, 0.0);
        for (var i = 0; i < count; i++)
        {
            variance = 0.05 * calm * calm + 0.09 * shock * shock + 0.86 * variance;
            shock = Math.Sqrt(variance) * random.FatTailed();
            moves[i] = drift + shock;
        }

        return moves;
    }
}
