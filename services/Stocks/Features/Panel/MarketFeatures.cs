using System.Data.Common;
using Fettle.Databases;
using Fettle.Indicators;
using Fettle.MarketData;

namespace Fettle.Services.Stocks.Features;

/// <summary>
/// The whole market in memory and its 25 features in one batch: indicators with one stock per SIMD lane, the rest stock by stock.
/// Every row equals <see cref="FeatureCalculator"/> of that stock, bit for bit.
/// </summary>
internal sealed class MarketFeatures
{
    /// <summary>Outputs of the batch, in the order of the first eight features.</summary>
    static readonly IndicatorBatch Indicators = new(new Rsi(14), new Macd(12, 26, 9), new BollingerBands(20, 2));

    readonly StockHistory[] _rest;
    readonly Dictionary<string, int> _index;

    MarketFeatures(PricePanel prices, IReadOnlyDictionary<string, StockHistory> histories)
    {
        Prices = prices;
        Histories = histories;
        var rest = _rest = [.. prices.Codes.Select(code => histories.GetValueOrDefault(code) ?? new StockHistory { Stock = new StockIdentity(code, null, code, null, "unknown") })];
        _index = new Dictionary<string, int>(rest.Length, StringComparer.Ordinal);
        for (var i = 0; i < rest.Length; i++)
        {
            _index.Add(rest[i].Stock.BseCode, i);
        }
    }

    public PricePanel Prices { get; }

    /// <summary>Every stock by code, those without bars too; without the bars.</summary>
    public IReadOnlyDictionary<string, StockHistory> Histories { get; }

    /// <summary>Every known stock that has bars, in the order of the panel's rows.</summary>
    public IReadOnlyList<StockHistory> Stocks => _rest;

    /// <param name="prices">Bars.</param>
    /// <param name="histories">Everything but bars, by code; bars of codes that are not here are left out of results.</param>
    public static MarketFeatures Create(PricePanel prices, IReadOnlyDictionary<string, StockHistory> histories) =>
        new(prices, histories);

    /// <summary>This market with new bars; in place when they follow the last bars of known stocks (see <see cref="PricePanel.Append"/>).</summary>
    public MarketFeatures Append(IReadOnlyCollection<StockBar> bars) => Prices.Append(bars) is var prices && ReferenceEquals(prices, Prices) ? this : new(prices, Histories);

    /// <summary>How many bars a stock has up to the date.</summary>
    public int BarsUpTo(string code, DateOnly date) => _index.TryGetValue(code, out var row) ? Prices.CountUpTo(row, date.DayNumber) : 0;

    /// <summary>Loads one statement per table; the bars from the packed series when there is that table.</summary>
    /// <param name="until">The last day to know about; null loads everything.</param>
    public static async Task<MarketFeatures> LoadAsync(Database database, DateOnly? until, bool packed, CancellationToken cancellation)
    {
        // The packed rows hold all days: later ones are there and are not looked at.
        var prices = Task.Run(() => LoadPricesAsync(database, until, packed, cancellation), cancellation);
        var rest = Task.Run(async () =>
        {
            await using DbConnection connection = await database.OpenReadAsync(cancellation);
            return await new HistoryLoader(database).LoadAllAsync(connection, until, cancellation, withBars: false);
        }, cancellation);
        await Task.WhenAll(prices, rest);
        return Create(await prices, await rest);
    }

    /// <summary>The bars alone.</summary>
    public static Task<PricePanel> LoadPricesAsync(Database database, DateOnly? until, bool packed, CancellationToken cancellation) =>
        packed ? new PackedSeriesTable(database).LoadAsync(cancellation) : new PanelLoader(database).LoadAsync(until, cancellation);

    /// <summary>What the batch runs on, for reports.</summary>
    public static string InstructionSet => Simd.Level.ToString();

    /// <summary>The row of a stock; false for a stock without bars.</summary>
    public bool TryFind(string code, out int row) => _index.TryGetValue(code, out row);

    /// <summary>The features of one stock from its row; false with too few bars.</summary>
    public bool TryCompute(int row, DateOnly date, Span<double> features) => FeatureCalculator.TryCompute(Inputs(row), date, features);

    /// <summary>Computes the rows of some stocks again, such as those whose prices have arrived since the table was made; the others stay.</summary>
    public void Refresh(FeatureTable table, DateOnly date, IEnumerable<string> codes)
    {
        foreach (var code in codes)
        {
            if (_index.TryGetValue(code, out var row) && Prices.CountUpTo(row, date.DayNumber) >= FeatureCalculator.LeastBars)
            {
                TryCompute(row, date, table.Claim(row));
            }
        }
    }

    /// <summary>
    /// Takes bars that have arrived: this market or, where bars do not simply follow, a copy (see <see cref="PricePanel.Append"/>), and the table of the
    /// date with the rows of those stocks computed again. Equals loading and computing everything anew, bit for bit.
    /// </summary>
    public (MarketFeatures Market, FeatureTable Table) Update(FeatureTable table, DateOnly date, IReadOnlyCollection<StockBar> bars)
    {
        var market = Append(bars);
        var current = ReferenceEquals(market, this) ? table : table.Over([.. market._rest.Select(h => h.Stock.BseCode)]);
        market.Refresh(current, date, bars.Select(b => b.Code).Distinct(StringComparer.Ordinal));
        return (market, current);
    }

    /// <summary>The features of every stock, or of those that <paramref name="only"/> picks.</summary>
    public FeatureTable Compute(DateOnly date, int threads, Func<StockIdentity, bool>? only = null)
    {
        var counts = Prices.CountsUpTo(date.DayNumber);
        var last = Technical(counts, threads);
        var table = new FeatureTable([.. _rest.Select(h => h.Stock.BseCode)]);
        Rows(threads, row =>
        {
            if (counts[row] < FeatureCalculator.LeastBars || only?.Invoke(_rest[row].Stock) == false)
            {
                return;
            }

            var features = table.Claim(row);
            last[row].CopyTo(features);
            FeatureCalculator.Rest(Inputs(row), counts[row], date, features);
        });
        return table;
    }

    /// <summary>Row per stock, the eight indicator features as columns.</summary>
    internal SeriesMatrix Technical(int[] counts, int threads)
    {
        var last = new SeriesMatrix(counts.Length, Indicators.OutputNames.Count);
        Indicators.ComputeLast(Prices.Bars, counts, last, threads);
        return last;
    }

    internal void Rows(int threads, Action<int> body)
    {
        if (threads == 1)
        {
            for (var row = 0; row < _rest.Length; row++)
            {
                body(row);
            }

            return;
        }

        const int Range = 256;
        Parallel.For(0, (_rest.Length + Range - 1) / Range, new ParallelOptions { MaxDegreeOfParallelism = threads }, range =>
        {
            for (var row = range * Range; row < Math.Min(_rest.Length, (range + 1) * Range); row++)
            {
                body(row);
            }
        });
    }

    internal FeatureInputs Inputs(int row) => new()
    {
        Days = Prices.Days(row),
        Closes = Prices.Bars.Close[row][..Prices.Bars.Counts[row]],
        Volumes = Prices.Bars.Volume[row][..Prices.Bars.Counts[row]],
        Quarters = _rest[row].Quarters,
        News = _rest[row].News,
        Announcements = _rest[row].Announcements,
    };
}
