using System.Collections.Concurrent;
using System.Globalization;
using Fettle.AspNetCore;
using Fettle.Services.Stocks.Caching;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Models;
using Fettle.Services.Stocks.Serving;

namespace Fettle.Services.Stocks.Predictions;

/// <summary>Answers checked queries: model, features, probability. What the switches turn on changes the way, never the answer; the quantised forest stays within its tolerance.</summary>
internal sealed class PredictionEngine(ServingModels models, FeatureStore features, StockSwitches switches, StocksCaches caches, TimeProvider time)
{
    VersionText? _version;
    long _versions;

    /// <summary>The model for a whole request, or why there is none.</summary>
    public (ServingModel? Model, StockProblem? Problem) TakeModel() => models.Current(switches.CompiledForest.On, switches.QuantisedForest.On) is { } model
        ? (model, null)
        : (null, StockProblem.NoModel(models.LastReload.Problem ?? "the registry has no version"));

    /// <summary>
    /// A name for the model and the versions of the data that an answer is made from: short, because it is in every key, and another one as soon
    /// as one of them changed. It means something in this process only, as the answers do.
    /// </summary>
    public ValueTask<string> AnswerVersionAsync()
    {
        // Reading versions is shared by all requests, so no single one cancels it.
        var stamp = features.StampAsync(CancellationToken.None);
        return stamp.IsCompletedSuccessfully ? new ValueTask<string>(AnswerVersion(stamp.Result)) : WaitAsync(stamp);

        async ValueTask<string> WaitAsync(ValueTask<string> reading) => AnswerVersion(await reading);
    }

    /// <summary>A prediction that is kept; null when there is none, or nothing is kept.</summary>
    public async ValueTask<PredictionOutcome?> FindAsync(ServingModel model, PredictQuery query)
    {
        if (!switches.PredictionCache.On)
        {
            return null;
        }

        await features.RefreshAsync(CancellationToken.None);
        using (ServerTimings.Measure("cache"))
        {
            return caches.Predictions.TryGet(StocksCaches.PredictionKey(query, model, features.StampOf(query)), out var cached) && cached is not null
                ? new PredictionOutcome(cached, null, CacheHit.Prediction)
                : null;
        }
    }

    public async ValueTask<PredictionOutcome> PredictAsync(ServingModel model, PredictQuery query, CancellationToken cancellation)
    {
        if (!switches.PredictionCache.On)
        {
            return Score(model, query, await features.GetAsync(query, cancellation));
        }

        await features.RefreshAsync(cancellation);
        var key = StocksCaches.PredictionKey(query, model, features.StampOf(query));
        PredictionOutcome? own = null;
        var made = await caches.Predictions.GetOrCreateAsync(
            key, async token => (own = Score(model, query, await features.GetAsync(query, token))).Value.Prediction, cancellationToken: cancellation);

        // Not worked out here: it came from the second tier or from a caller who asked at the same time. A refusal is not shared.
        return own ?? (made is not null ? new PredictionOutcome(made, null, CacheHit.Prediction) : Score(model, query, await features.GetAsync(query, cancellation)));
    }

    /// <summary>One outcome per query, in order; one failing leaves the others alone.</summary>
    public async Task<PredictionOutcome[]> PredictManyAsync(ServingModel model, IReadOnlyList<PredictQuery> queries, CancellationToken cancellation)
    {
        if (!switches.BatchedLoading.On)
        {
            var outcomes = new PredictionOutcome[queries.Count];
            for (var i = 0; i < outcomes.Length; i++)
            {
                outcomes[i] = await FindAsync(model, queries[i]) ?? await PredictAsync(model, queries[i], cancellation);
            }

            return outcomes;
        }

        return switches.PredictionCache.On ? await CachedManyAsync(model, queries, cancellation) : await ScoreManyAsync(model, queries, cancellation);
    }

    /// <summary>From memory, the rest from the second tier in one round trip, the rest scored together.</summary>
    async Task<PredictionOutcome[]> CachedManyAsync(ServingModel model, IReadOnlyList<PredictQuery> queries, CancellationToken cancellation)
    {
        await features.RefreshAsync(cancellation);
        var keys = queries.Select(q => StocksCaches.PredictionKey(q, model, features.StampOf(q))).ToArray();
        var asked = new Dictionary<string, PredictQuery>(StringComparer.Ordinal);
        for (var i = 0; i < keys.Length; i++)
        {
            asked.TryAdd(keys[i], queries[i]);
        }

        var own = new ConcurrentDictionary<string, PredictionOutcome>(StringComparer.Ordinal);
        var made = await caches.Predictions.GetOrCreateManyAsync(
            keys,
            async (missing, token) =>
            {
                var scored = await ScoreManyAsync(model, [.. missing.Select(k => asked[k])], token);
                var values = new Dictionary<string, Prediction?>(StringComparer.Ordinal);
                for (var m = 0; m < scored.Length; m++)
                {
                    own[missing[m]] = scored[m];
                    values[missing[m]] = scored[m].Prediction;
                }

                return values;
            },
            cancellationToken: cancellation);
        var outcomes = new PredictionOutcome[keys.Length];
        for (var i = 0; i < outcomes.Length; i++)
        {
            // Not worked out here: it came from a tier or from a caller who asked at the same time, whose refusal is not shared.
            outcomes[i] = own.TryGetValue(keys[i], out var outcome) ? outcome
                : made[keys[i]] is { } prediction ? new PredictionOutcome(prediction, null, CacheHit.Prediction)
                : Score(model, queries[i], await features.GetAsync(queries[i], cancellation));
        }

        return outcomes;
    }

    async Task<PredictionOutcome[]> ScoreManyAsync(ServingModel model, IReadOnlyList<PredictQuery> queries, CancellationToken cancellation)
    {
        var loaded = await features.GetManyAsync(queries, cancellation);
        return [.. loaded.Select((outcome, i) => Score(model, queries[i], outcome))];
    }

    string AnswerVersion(string stamp)
    {
        var (model, quantised) = (models.Registry.Current, switches.QuantisedForest.On);
        var last = Volatile.Read(ref _version);
        if (last is not null && ReferenceEquals(last.Model, model) && last.Quantised == quantised && ReferenceEquals(last.Stamp, stamp))
        {
            return last.Text;
        }

        var made = new VersionText(model, quantised, stamp, Interlocked.Increment(ref _versions).ToString(CultureInfo.InvariantCulture));
        Volatile.Write(ref _version, made);
        return made.Text;
    }

    PredictionOutcome Score(ServingModel model, PredictQuery query, FeatureOutcome outcome)
    {
        if (outcome.Features is not { } set)
        {
            return new PredictionOutcome(null, outcome.Problem);
        }

        using var phase = ServerTimings.Measure("model");
        if (query.IncludeContributions)
        {
            // Contributions sum to the margin of the trees they explain.
            model = model.Exact;
        }

        var explanation = query.IncludeContributions ? Scorer.Explain(model, set.Values) : null;
        var prediction = new Prediction(set, query.Date, Scorer.Probability(model, set.Values), model.Version, time.GetUtcNow(), explanation);
        return new PredictionOutcome(prediction, null, outcome.FromCache ? CacheHit.Features : CacheHit.None);
    }

    sealed record VersionText(Fettle.Forests.ActiveModel? Model, bool Quantised, string Stamp, string Text);
}
