using Fettle.Forests.Trees;

namespace Fettle.Forests;

/// <summary>
/// What a model file says, independent of the format: trees, the margin they start from, and how margins become predictions.
/// Immutable after loading and safe to share.
/// </summary>
public sealed class ForestModel
{
    internal ForestModel()
    {
    }

    /// <summary>The format the model was read from.</summary>
    public ForestFormat Format { get; internal init; } = ForestFormat.Memory;

    /// <summary>The trainer's version as the file states it; empty when it does not.</summary>
    public string TrainerVersion { get; internal init; } = "";

    /// <summary>The trainer's name of the objective, such as <c>binary:logistic</c>.</summary>
    public string Objective { get; internal init; } = "";

    /// <summary>Type of comparisons and sums.</summary>
    public ForestArithmetic Arithmetic { get; internal init; }

    /// <summary>From margins to predictions.</summary>
    public ForestLink Link { get; internal init; }

    /// <summary>Factor on the margin inside the logistic function (LightGBM's <c>sigmoid</c>); 1 otherwise.</summary>
    public double LinkScale { get; internal init; } = 1;

    /// <summary>Values a row must have, missing ones as NaN.</summary>
    public int FeatureCount { get; internal init; }

    /// <summary>Names in feature order; empty when the file has none.</summary>
    public IReadOnlyList<string> FeatureNames { get; internal init; } = [];

    /// <summary>The trainer's types in feature order (XGBoost: <c>float</c>, <c>int</c>, <c>i</c>, <c>c</c>); empty when the file has none.</summary>
    public IReadOnlyList<string> FeatureTypes { get; internal init; } = [];

    /// <summary>Free attributes of the file, such as <c>best_iteration</c>.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; internal init; } = new Dictionary<string, string>();

    /// <summary>Margins per row: 1, or the number of classes or targets.</summary>
    public int MarginCount { get; internal init; } = 1;

    /// <summary>Predictions per row: <see cref="MarginCount"/>, but 1 for <see cref="ForestLink.ArgMax"/>.</summary>
    public int OutputCount => Link == ForestLink.ArgMax ? 1 : MarginCount;

    /// <summary>Where the sum of each margin starts.</summary>
    public IReadOnlyList<double> BaseMargins { get; internal init; } = [0.0];

    /// <summary>Sums are divided by this (LightGBM's random forests: the iterations); 1 otherwise.</summary>
    public double AverageOver { get; internal init; } = 1;

    /// <summary>Number of trees.</summary>
    public int TreeCount => Trees.Length;

    /// <summary>Leaves of all trees.</summary>
    public long LeafCount => Trees.Sum(t => (long)t.LeafCount);

    /// <summary>Edges from root to leaf in the deepest tree.</summary>
    public int Depth => Trees.Length == 0 ? 0 : Trees.Max(t => t.Depth);

    /// <summary>Leaves of the largest tree.</summary>
    public int LargestTree => Trees.Length == 0 ? 0 : Trees.Max(t => t.LeafCount);

    /// <summary>True for XGBoost's gblinear: no trees, a weight per feature and margin.</summary>
    public bool IsLinear => LinearWeights.Length > 0;

    internal DecisionTree[] Trees { get; init; } = [];

    /// <summary>The margin that each tree adds to.</summary>
    internal int[] TreeMargins { get; init; } = [];

    /// <summary>[feature][margin], the biases as last row; empty unless <see cref="IsLinear"/>.</summary>
    internal float[] LinearWeights { get; init; } = [];
}
