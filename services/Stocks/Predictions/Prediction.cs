using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Stocks.Predictions;

/// <summary>A computed prediction with everything an answer may ask for. Immutable: it is shared by caches.</summary>
internal sealed record Prediction(FeatureSet Features, DateOnly Date, double Probability, string ModelVersion, DateTimeOffset ComputedAt, Explanation? Explanation)
{
    public int Label => Probability >= 0.5 ? 1 : 0;

    public PredictionAnswer ToAnswer(PredictQuery query) => new()
    {
        BseCode = Features.Stock.BseCode,
        NseSymbol = Features.Stock.NseSymbol,
        PredictionDate = DatabaseValues.Iso(Date),
        PredictedLabel = Label,
        Probability = Probability,
        Confidence = Predictions.Confidence.Of(Probability),
        ModelVersion = ModelVersion,
        PredictionTimestamp = ComputedAt,
        Features = query.IncludeFeatures ? Named(Features.Values, v => double.IsFinite(v) ? v : (double?)null) : null,
        Contributions = query.IncludeContributions && Explanation is not null
            ? new ContributionsAnswer(Explanation.BaseValue, Explanation.Margin, Named(Explanation.Contributions, v => v))
            : null,
    };

    static Dictionary<string, T> Named<T>(double[] values, Func<double, T> convert)
    {
        var named = new Dictionary<string, T>(FeatureNames.Count);
        for (var i = 0; i < FeatureNames.Count; i++)
        {
            named.Add(FeatureNames.All[i], convert(values[i]));
        }

        return named;
    }
}

/// <summary>TreeSHAP values; with the base value they sum to the margin.</summary>
internal sealed record Explanation(double[] Contributions, double BaseValue, double Margin);

/// <summary>A prediction or the reason why there is none.</summary>
internal readonly record struct PredictionOutcome(Prediction? Prediction, StockProblem? Problem, CacheHit Hit = CacheHit.None)
{
    public object ToItem(PredictRequest? request, PredictQuery? query) => Prediction is not null
        ? Prediction.ToAnswer(query!)
        : new BatchItemError(request?.BseCode, request?.NseSymbol, request?.PredictionDate, new ItemProblem(Problem!.Type, Problem.Title, Problem.Status, Problem.Detail));
}
