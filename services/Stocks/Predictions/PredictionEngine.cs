using Fettle.AspNetCore;
using Fettle.Services.Stocks.Caching;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Models;
using Fettle.Services.Stocks.Serving;

namespace Fettle.Services.Stocks.Predictions;

/// <summary>Answers checked queries: model, features, probability. What the switches turn on changes the way, never the answer.</summary>
internal sealed class PredictionEngine(ServingModels models, FeatureStore features, StockSwitches switches, StocksCaches caches, TimeProvider time)
{
    /// <summary>The model for a whole request, or why there is none.</summary>
    public (ServingModel? Model, StockProblem? Problem) TakeModel() => models.Current(switches.CompiledForest.On) is { } model
        ? (model, null)
        : (null, StockProblem.NoModel(models.LastReload.Problem ?? "the registry has no version"));

    /// <summary>The versions of the model and the data that an answer is made from.</summary>
    public async ValueTask<string> AnswerVersionAsync(CancellationToken cancellation) =>
        $"{models.Registry.Current?.Version}|{await features.StampAsync(cancellation)}";

    public async ValueTask<PredictionOutcome> PredictAsync(ServingModel model, PredictQuery query, CancellationToken cancellation)
    {
        if (!switches.PredictionCache.On)
        {
            return Score(model, query, await features.GetAsync(query, cancellation));
        }

        var key = StocksCaches.PredictionKey(query, model.Version, await features.StampAsync(cancellation));
        using (ServerTimings.Measure("cache"))
        {
            if (caches.Predictions.TryGet(key, out var cached) && cached is not null)
            {
                return new PredictionOutcome(cached, null, CacheHit.Prediction);
            }
        }

        PredictionOutcome? own = null;
        var made = await caches.Predictions.GetOrCreateAsync(
            key, async token => (own = Score(model, query, await features.GetAsync(query, token))).Value.Prediction, cancellationToken: cancellation);

        // Not worked out here: it came from the second tier or from a caller who asked at the same time. A refusal is not shared.
        return own ?? (made is not null ? new PredictionOutcome(made, null, CacheHit.Prediction) : Score(model, query, await features.GetAsync(query, cancellation)));
    }

    /// <summary>One outcome per query, in order; one failing leaves the others alone.</summary>
    public async Task<PredictionOutcome[]> PredictManyAsync(ServingModel model, IReadOnlyList<PredictQuery> queries, CancellationToken cancellation)
    {
        var outcomes = new PredictionOutcome[queries.Count];
        if (!switches.BatchedLoading.On)
        {
            for (var i = 0; i < outcomes.Length; i++)
            {
                outcomes[i] = await PredictAsync(model, queries[i], cancellation);
            }

            return outcomes;
        }

        var stamp = switches.PredictionCache.On ? await features.StampAsync(cancellation) : "";
        var missing = new List<int>();
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (switches.PredictionCache.On && caches.Predictions.TryGet(StocksCaches.PredictionKey(queries[i], model.Version, stamp), out var cached) && cached is not null)
            {
                outcomes[i] = new PredictionOutcome(cached, null, CacheHit.Prediction);
            }
            else
            {
                missing.Add(i);
            }
        }

        var loaded = missing.Count == 0 ? [] : await features.GetManyAsync([.. missing.Select(i => queries[i])], cancellation);
        for (var m = 0; m < loaded.Length; m++)
        {
            var query = queries[missing[m]];
            var outcome = outcomes[missing[m]] = Score(model, query, loaded[m]);
            if (switches.PredictionCache.On && outcome.Prediction is not null)
            {
                await caches.Predictions.SetAsync(StocksCaches.PredictionKey(query, model.Version, stamp), outcome.Prediction);
            }
        }

        return outcomes;
    }

    PredictionOutcome Score(ServingModel model, PredictQuery query, FeatureOutcome outcome)
    {
        if (outcome.Features is not { } set)
        {
            return new PredictionOutcome(null, outcome.Problem);
        }

        using var phase = ServerTimings.Measure("model");
        var explanation = query.IncludeContributions ? Scorer.Explain(model, set.Values) : null;
        var prediction = new Prediction(set, query.Date, Scorer.Probability(model, set.Values), model.Version, time.GetUtcNow(), explanation);
        return new PredictionOutcome(prediction, null, outcome.FromCache ? CacheHit.Features : CacheHit.None);
    }
}
