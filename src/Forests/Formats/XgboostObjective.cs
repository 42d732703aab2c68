namespace Fettle.Forests.Formats;

/// <summary>What XGBoost's objectives do to base_score and margins (src/objective of XGBoost, float32 throughout).</summary>
internal static class XgboostObjective
{
    /// <summary>The link, and how base_score (given in prediction space) becomes the margin.</summary>
    public static (ForestLink Link, Func<float, float> ToMargin)? Find(string name) => name switch
    {
        "binary:logistic" or "reg:logistic" => (ForestLink.Logistic, Logit),
        "binary:logitraw" => (ForestLink.Identity, Same),
        "binary:hinge" => (ForestLink.Hinge, Same),
        "multi:softmax" => (ForestLink.ArgMax, Same),
        "multi:softprob" => (ForestLink.Softmax, Same),
        "count:poisson" or "reg:gamma" or "reg:tweedie" or "survival:cox" => (ForestLink.Exponential, MathF.Log),
        "survival:aft" => (ForestLink.ExponentialInDouble, MathF.Log),
        "reg:squarederror" or "reg:linear" or "reg:squaredlogerror" or "reg:pseudohubererror" or "reg:absoluteerror" or "reg:quantileerror"
            or "rank:pairwise" or "rank:ndcg" or "rank:map" => (ForestLink.Identity, Same),
        _ => null,
    };

    static float Same(float value) => value;

    static float Logit(float probability) => -MathF.Log(1.0f / probability - 1.0f);
}
