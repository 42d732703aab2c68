using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Models;
using Fettle.Services.Stocks.Serving;

namespace Fettle.Services.Stocks.Predictions;

/// <summary>Answers checked queries: model, features, probability. What the switches turn on changes the way, never the answer.</summary>
internal sealed class PredictionEngine(ServingModels models, FeatureStore features, StockSwitches switches, TimeProvider time)
{
    /// <summary>The model for a whole request, or why there is none.</summary>
    public (ServingModel? Model, StockProblem? Problem) TakeModel() => models.Current(switches.CompiledForest.On) is { } model
        ? (model, null)
        : (null, StockProblem.NoModel(models.LastReload.Problem ?? "the registry has no version"));

    public async Task<PredictionOutcome> PredictAsync(ServingModel model, PredictQuery query, CancellationToken cancellation) =>
        Score(model, query, await features.GetAsync(query, cancellation));

    /// <summary>One outcome per query, in order; one failing leaves the others alone.</summary>
    public async Task<PredictionOutcome[]> PredictManyAsync(ServingModel model, IReadOnlyList<PredictQuery> queries, CancellationToken cancellation)
    {
        if (switches.BatchedLoading.On)
        {
            var loaded = await features.GetManyAsync(queries, cancellation);
            return [.. loaded.Select((outcome, i) => Score(model, queries[i], outcome))];
        }

        var outcomes = new PredictionOutcome[queries.Count];
        for (var i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = await PredictAsync(model, queries[i], cancellation);
        }

        return outcomes;
    }

    PredictionOutcome Score(ServingModel model, PredictQuery query, FeatureOutcome outcome)
    {
        if (outcome.Features is not { } set)
        {
            return new PredictionOutcome(null, outcome.Problem, false);
        }

        var explanation = query.IncludeContributions ? Scorer.Explain(model, set.Values) : null;
        return new PredictionOutcome(
            new Prediction(set, query.Date, Scorer.Probability(model, set.Values), model.Version, time.GetUtcNow(), explanation), null, false);
    }
}
