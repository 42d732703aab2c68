using Fettle.Forests.Trees;

namespace Fettle.Forests;

/// <summary>Seeded rows that exercise a model where it matters: on its thresholds, one float32 step to either side, between them, and missing.</summary>
public static class ThresholdRows
{
    /// <param name="model">The model whose thresholds are used; a feature without any gets values in −1…1.</param>
    /// <param name="count">Rows, 0 or more.</param>
    /// <param name="seed">Same seed, same rows.</param>
    /// <param name="missing">Share of missing values, 0–1.</param>
    /// <returns>[count][FeatureCount].</returns>
    public static float[] Create(ForestModel model, int count, int seed, double missing = 0.02)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (count < 0)
        {
            Throw.NegativeCount(count);
        }

        if (missing is not (>= 0 and <= 1))
        {
            Throw.OutOfRange(nameof(missing), missing, "0 to 1");
        }

        var thresholds = new List<float>[model.FeatureCount];
        foreach (var node in model.Trees.SelectMany(t => t.Nodes))
        {
            if (node.Kind is SplitKind.Less or SplitKind.LessOrEqual && double.IsFinite(node.Threshold))
            {
                (thresholds[node.Feature] ??= []).Add((float)node.Threshold);
            }
        }

        var random = new Random(seed);
        var rows = new float[count * model.FeatureCount];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = random.NextDouble() < missing ? float.NaN : Value(thresholds[i % model.FeatureCount], random);
        }

        return rows;
    }

    static float Value(List<float>? thresholds, Random random)
    {
        if (thresholds is null)
        {
            return (float)(random.NextDouble() * 2 - 1);
        }

        var threshold = thresholds[random.Next(thresholds.Count)];
        return random.Next(4) switch
        {
            0 => threshold,
            1 => MathF.BitDecrement(threshold),
            2 => MathF.BitIncrement(threshold),
            _ => (threshold + thresholds[random.Next(thresholds.Count)]) / 2,
        };
    }
}
