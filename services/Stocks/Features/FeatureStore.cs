using Fettle.Databases;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Schema;
using Fettle.Services.Stocks.Serving;

namespace Fettle.Services.Stocks.Features;

/// <summary>
/// Features for a request, from wherever they are nearest: the resident panel, or the database, one stock at a time or many at once.
/// All of them end in the same calculator on equal histories, so the answer does not depend on the way.
/// </summary>
internal sealed class FeatureStore(Database database, StockSwitches switches, FeaturePanel panel)
{
    readonly HistoryLoader _loader = new(database);

    /// <summary>The versions of the data that features are made from.</summary>
    public string Stamp() => database.Versions.Stamp(StocksSchema.FeatureInputs);

    public async Task<FeatureOutcome> GetAsync(PredictQuery query, CancellationToken cancellation)
    {
        if (switches.FeaturePanel.On && panel.TryFind(query.BseCode, query.NseSymbol, Stamp(), out var resident))
        {
            return Outcome(query, resident?.Stock, resident);
        }

        await using var connection = await database.OpenReadAsync(cancellation);
        var stock = await _loader.FindAsync(connection, query.BseCode, query.NseSymbol, cancellation);
        var history = stock is null || Mismatch(query, stock) ? null : await _loader.LoadAsync(connection, stock, query.Date, cancellation);
        return Outcome(query, stock, history);
    }

    /// <summary>Many at once, in the order of the queries, with a few statements for all of them.</summary>
    public async Task<FeatureOutcome[]> GetManyAsync(IReadOnlyList<PredictQuery> queries, CancellationToken cancellation)
    {
        var outcomes = new FeatureOutcome[queries.Count];
        if (queries.Count == 0)
        {
            return outcomes;
        }

        if (switches.FeaturePanel.On)
        {
            var stamp = Stamp();
            var resident = true;
            for (var i = 0; i < queries.Count && resident; i++)
            {
                resident = panel.TryFind(queries[i].BseCode, queries[i].NseSymbol, stamp, out var history);
                outcomes[i] = resident ? Outcome(queries[i], history?.Stock, history) : default;
            }

            if (resident)
            {
                return outcomes;
            }
        }

        await using var connection = await database.OpenReadAsync(cancellation);
        var byCode = await _loader.FindManyAsync(connection, Names(queries, q => q.BseCode), "bse_code", cancellation);
        var bySymbol = await _loader.FindManyAsync(connection, Names(queries, q => q.BseCode is null ? q.NseSymbol : null), "nse_symbol", cancellation);
        var found = queries.Select(q => (q.BseCode is not null ? byCode : bySymbol).GetValueOrDefault(q.StockName)).ToArray();
        var wanted = found.Where((s, i) => s is not null && !Mismatch(queries[i], s)).DistinctBy(s => s!.BseCode).ToList();
        var histories = await _loader.LoadManyAsync(connection, wanted!, queries.Min(q => q.Date), queries.Max(q => q.Date), cancellation);
        for (var i = 0; i < queries.Count; i++)
        {
            outcomes[i] = Outcome(queries[i], found[i], found[i] is { } stock ? histories.GetValueOrDefault(stock.BseCode) : null);
        }

        return outcomes;
    }

    static FeatureOutcome Outcome(PredictQuery query, StockIdentity? stock, StockHistory? history)
    {
        if (stock is null)
        {
            return new FeatureOutcome(null, StockProblem.UnknownStock(query.StockName));
        }

        return Mismatch(query, stock)
            ? new FeatureOutcome(null, StockProblem.StockMismatch(stock.BseCode, query.NseSymbol!, stock.NseSymbol))
            : FeatureOutcome.Of(history!, query.Date);
    }

    static bool Mismatch(PredictQuery query, StockIdentity stock) =>
        query.BseCode is not null && query.NseSymbol is not null && query.NseSymbol != stock.NseSymbol;

    static List<string> Names(IEnumerable<PredictQuery> queries, Func<PredictQuery, string?> name) => [.. queries.Select(name).OfType<string>().Distinct()];
}
