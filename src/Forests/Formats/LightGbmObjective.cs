using System.Globalization;

namespace Fettle.Forests.Formats;

/// <summary>What LightGBM's objective line, such as <c>binary sigmoid:1</c>, does to margins.</summary>
internal static class LightGbmObjective
{
    /// <summary>Null for an objective that is not known; an empty line is a custom objective, whose margins stay.</summary>
    public static (ForestLink Link, double Scale)? Find(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var name = words.Length == 0 ? "" : words[0];
        return name switch
        {
            "binary" or "multiclassova" => Sigmoid(words) is { } scale ? (ForestLink.Logistic, scale) : null,
            "cross_entropy" or "xentropy" => (ForestLink.Logistic, 1),
            "cross_entropy_lambda" or "xentlambda" => (ForestLink.LogOnePlusExponential, 1),
            "multiclass" => (ForestLink.Softmax, 1),
            "poisson" or "gamma" or "tweedie" => (ForestLink.Exponential, 1),
            "" or "custom" or "none" or "null" or "lambdarank" or "rank_xendcg" or "regression_l1" or "huber" or "fair" or "quantile" or "mape" => (ForestLink.Identity, 1),
            "regression" or "regression_l2" => (words.Contains("sqrt") ? ForestLink.SignedSquare : ForestLink.Identity, 1),
            _ => null,
        };
    }

    static double? Sigmoid(string[] words)
    {
        var word = words.FirstOrDefault(w => w.StartsWith("sigmoid:", StringComparison.Ordinal));
        return word is null ? 1
            : double.TryParse(word.AsSpan(8), CultureInfo.InvariantCulture, out var scale) && scale > 0 && double.IsFinite(scale) ? scale
            : null;
    }
}
