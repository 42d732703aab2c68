using System.Collections.Concurrent;
using Fettle.AspNetCore;
using Fettle.Databases;
using Fettle.Services.Stocks.Caching;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Schema;
using Fettle.Services.Stocks.Serving;

namespace Fettle.Services.Stocks.Features;

/// <summary>
/// Features for a request, from wherever they are nearest: the resident panel, the cache, or the database, one stock at a time or many at once.
/// All of them end in the same calculator on equal histories, so the answer does not depend on the way.
/// </summary>
internal sealed class FeatureStore(Database database, StockSwitches switches, FeaturePanel panel, StocksCaches caches, StockVersions versions, StockReads reads)
{
    readonly DataStamp _stamp = new(database, StocksSchema.FeatureInputs);
    readonly HistoryLoader _loader = new(database);

    /// <summary>The versions of all that features are made from; taken before the data is read, so that a value is never older than its key.</summary>
    public ValueTask<string> StampAsync(CancellationToken cancellation) => _stamp.ReadAsync(cancellation);

    /// <summary>Looks for writes, so that <see cref="StampOf"/> knows them; returns what <see cref="StampAsync"/> does.</summary>
    public async ValueTask<string> RefreshAsync(CancellationToken cancellation)
    {
        var stamp = await _stamp.ReadAsync(cancellation);
        await versions.RefreshAsync(cancellation);
        return stamp;
    }

    /// <summary>The versions of the data that the features of a stock are made from.</summary>
    public string StampOf(PredictQuery query) => versions.StampOf(query);

    public async ValueTask<FeatureOutcome> GetAsync(PredictQuery query, CancellationToken cancellation)
    {
        if (!switches.FeaturePanel.On && !switches.FeatureCache.On)
        {
            return await LoadAsync(query, cancellation);
        }

        var stamp = await RefreshAsync(cancellation);
        if (switches.FeaturePanel.On && panel.TryFind(query.BseCode, query.NseSymbol, stamp, out var resident))
        {
            return Outcome(query, resident?.Stock, () => resident!.Outcome(query.Date));
        }

        if (!switches.FeatureCache.On)
        {
            return await LoadAsync(query, cancellation);
        }

        var key = StocksCaches.FeaturesKey(query, StampOf(query));
        if (caches.Features.TryGet(key, out var cached) && cached is not null)
        {
            return new FeatureOutcome(cached, null, FromCache: true);
        }

        FeatureOutcome? own = null;
        var loaded = await caches.Features.GetOrCreateAsync(key, async token => (own = await LoadAsync(query, token)).Value.Features, cancellationToken: cancellation);

        // Not loaded here: it came from the second tier or from a caller who asked at the same time. A refusal is not shared.
        return own ?? (loaded is not null ? new FeatureOutcome(loaded, null, FromCache: true) : await LoadAsync(query, cancellation));
    }

    /// <summary>Many at once, in the order of the queries, with a few statements for all that are not in memory.</summary>
    public async Task<FeatureOutcome[]> GetManyAsync(IReadOnlyList<PredictQuery> queries, CancellationToken cancellation)
    {
        var outcomes = new FeatureOutcome[queries.Count];
        var stamp = switches.FeaturePanel.On || switches.FeatureCache.On ? await RefreshAsync(cancellation) : "";
        var missing = new List<int>();
        for (var i = 0; i < queries.Count; i++)
        {
            if (switches.FeaturePanel.On && panel.TryFind(queries[i].BseCode, queries[i].NseSymbol, stamp, out var resident))
            {
                outcomes[i] = Outcome(queries[i], resident?.Stock, () => resident!.Outcome(queries[i].Date));
            }
            else
            {
                missing.Add(i);
            }
        }

        if (missing.Count > 0)
        {
            PredictQuery[] rest = [.. missing.Select(i => queries[i])];
            var found = await (switches.FeatureCache.On ? CachedManyAsync(rest, cancellation) : LoadManyAsync(rest, cancellation));
            for (var m = 0; m < found.Length; m++)
            {
                outcomes[missing[m]] = found[m];
            }
        }

        return outcomes;
    }

    /// <summary>From memory, the rest from the second tier in one round trip, the rest loaded together.</summary>
    async Task<FeatureOutcome[]> CachedManyAsync(PredictQuery[] queries, CancellationToken cancellation)
    {
        var keys = Array.ConvertAll(queries, q => StocksCaches.FeaturesKey(q, StampOf(q)));
        var asked = new Dictionary<string, PredictQuery>(StringComparer.Ordinal);
        for (var i = 0; i < keys.Length; i++)
        {
            asked.TryAdd(keys[i], queries[i]);
        }

        var own = new ConcurrentDictionary<string, FeatureOutcome>(StringComparer.Ordinal);
        var made = await caches.Features.GetOrCreateManyAsync(
            keys,
            async (missing, token) =>
            {
                var loaded = await LoadManyAsync([.. missing.Select(k => asked[k])], token);
                var values = new Dictionary<string, FeatureSet?>(StringComparer.Ordinal);
                for (var m = 0; m < loaded.Length; m++)
                {
                    own[missing[m]] = loaded[m];
                    values[missing[m]] = loaded[m].Features;
                }

                return values;
            },
            cancellationToken: cancellation);
        var outcomes = new FeatureOutcome[queries.Length];
        for (var i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = own.TryGetValue(keys[i], out var outcome) ? outcome
                : made[keys[i]] is { } set ? new FeatureOutcome(set, null, FromCache: true)
                : await LoadAsync(queries[i], cancellation);
        }

        return outcomes;
    }

    async Task<FeatureOutcome> LoadAsync(PredictQuery query, CancellationToken cancellation)
    {
        StockIdentity? stock;
        StockHistory? history;
        using (ServerTimings.Measure("db"))
        {
            await using var rows = await reads.BeginAsync(cancellation);
            stock = await _loader.FindAsync(rows, query.BseCode, query.NseSymbol, cancellation);
            history = stock is null || Mismatch(query, stock) ? null : await _loader.LoadAsync(rows, stock, query.Date, cancellation);
        }

        using (ServerTimings.Measure("features"))
        {
            return Outcome(query, stock, () => FeatureOutcome.Of(history!, query.Date));
        }
    }

    async Task<FeatureOutcome[]> LoadManyAsync(PredictQuery[] queries, CancellationToken cancellation)
    {
        await using var connection = await database.OpenReadAsync(cancellation);
        var byCode = await _loader.FindManyAsync(connection, Names(queries, q => q.BseCode), "bse_code", cancellation);
        var bySymbol = await _loader.FindManyAsync(connection, Names(queries, q => q.BseCode is null ? q.NseSymbol : null), "nse_symbol", cancellation);
        var found = Array.ConvertAll(queries, q => (q.BseCode is not null ? byCode : bySymbol).GetValueOrDefault(q.StockName));
        var wanted = found.Where((s, i) => s is not null && !Mismatch(queries[i], s)).Select(s => s!).DistinctBy(s => s.BseCode).ToList();
        var histories = await _loader.LoadManyAsync(connection, wanted, queries.Min(q => q.Date), queries.Max(q => q.Date), cancellation);
        return [.. queries.Select((q, i) => Outcome(q, found[i], () => FeatureOutcome.Of(histories[found[i]!.BseCode], q.Date)))];
    }

    static FeatureOutcome Outcome(PredictQuery query, StockIdentity? stock, Func<FeatureOutcome> compute)
    {
        if (stock is null)
        {
            return new FeatureOutcome(null, StockProblem.UnknownStock(query.StockName));
        }

        return Mismatch(query, stock)
            ? new FeatureOutcome(null, StockProblem.StockMismatch(stock.BseCode, query.NseSymbol!, stock.NseSymbol))
            : compute();
    }

    static bool Mismatch(PredictQuery query, StockIdentity stock) =>
        query.BseCode is not null && query.NseSymbol is not null && query.NseSymbol != stock.NseSymbol;

    static List<string> Names(IEnumerable<PredictQuery> queries, Func<PredictQuery, string?> name) => [.. queries.Select(name).OfType<string>().Distinct()];
}
