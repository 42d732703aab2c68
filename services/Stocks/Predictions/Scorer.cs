using Fettle.Services.Stocks.Models;

namespace Fettle.Services.Stocks.Predictions;

/// <summary>Features in, probability out; serving and the nightly run call the same.</summary>
internal static class Scorer
{
    public static double Probability(ServingModel model, ReadOnlySpan<double> features) => model.Forest.Predict(features);

    /// <summary>Exact path-dependent TreeSHAP values.</summary>
    public static Explanation Explain(ServingModel model, ReadOnlySpan<double> features)
    {
        var values = new double[model.Forest.FeatureCount + 1];
        model.Forest.Contributions(features, values);
        return new Explanation(values[..^1], values[^1], model.Forest.PredictMargin(features));
    }
}
