using System.Buffers;
using Fettle.Forests.Explaining;
using Fettle.Forests.Trees;

namespace Fettle.Forests;

/// <summary>What a feature's importance counts.</summary>
public enum FeatureImportance
{
    /// <summary>Number of splits on the feature.</summary>
    Splits,

    /// <summary>Sum of the loss reductions of its splits.</summary>
    Gain,

    /// <summary>Sum of the training weight that passed its splits.</summary>
    Cover,
}

public sealed partial class Forest
{
    /// <summary>TreeSHAP recurses along a path and keeps a square of its length.</summary>
    const int MaxExplainedDepth = 512;

    readonly Lock _baseValuesLock = new();
    double[]? _baseValues;

    /// <summary>The leaf that a row reaches in each tree, in the trainer's numbering (XGBoost: node id, LightGBM: leaf number).</summary>
    /// <param name="row"><see cref="FeatureCount"/> values.</param>
    /// <param name="leaves">Receives one number per tree.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public void LeafIndices(ReadOnlySpan<float> row, Span<int> leaves)
    {
        Check(row.Length, 1, leaves.Length, Model.TreeCount);
        for (var t = 0; t < Model.Trees.Length; t++)
        {
            var tree = Model.Trees[t];
            leaves[t] = tree.Nodes[tree.FindLeaf(row)].LeafId;
        }
    }

    /// <summary>The leaf that a float64 row reaches in each tree.</summary>
    /// <inheritdoc cref="LeafIndices(ReadOnlySpan{float}, Span{int})"/>
    public void LeafIndices(ReadOnlySpan<double> row, Span<int> leaves)
    {
        Check(row.Length, 1, leaves.Length, Model.TreeCount);
        var values = AsCompared(row, ArrayPool<double>.Shared.Rent(FeatureCount + 1));
        for (var t = 0; t < Model.Trees.Length; t++)
        {
            var tree = Model.Trees[t];
            leaves[t] = tree.Nodes[tree.FindLeaf<double>(values)].LeafId;
        }

        ArrayPool<double>.Shared.Return(values);
    }

    /// <summary>
    /// Exact path-dependent TreeSHAP values (arXiv:1802.03888). For each margin they sum to the margin minus the base value, up to float rounding.
    /// </summary>
    /// <param name="row"><see cref="FeatureCount"/> values.</param>
    /// <param name="contributions">Receives [MarginCount][FeatureCount + 1]; the last value of each margin is the base value.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    /// <exception cref="NotSupportedException">The file carries no training weights (ONNX has none).</exception>
    public void Contributions(ReadOnlySpan<float> row, Span<double> contributions)
    {
        Check(row.Length, 1, contributions.Length, Model.MarginCount * (FeatureCount + 1));
        var values = ArrayPool<double>.Shared.Rent(FeatureCount + 1);
        for (var f = 0; f < FeatureCount; f++)
        {
            values[f] = row[f];
        }

        Explain(values, contributions);
        ArrayPool<double>.Shared.Return(values);
    }

    /// <summary>TreeSHAP values of a float64 row.</summary>
    /// <inheritdoc cref="Contributions(ReadOnlySpan{float}, Span{double})"/>
    public void Contributions(ReadOnlySpan<double> row, Span<double> contributions)
    {
        Check(row.Length, 1, contributions.Length, Model.MarginCount * (FeatureCount + 1));
        var values = AsCompared(row, ArrayPool<double>.Shared.Rent(FeatureCount + 1));
        Explain(values, contributions);
        ArrayPool<double>.Shared.Return(values);
    }

    /// <summary>What each margin is on average over the training data: the point that contributions are measured from.</summary>
    /// <exception cref="NotSupportedException">The file carries no training weights.</exception>
    public IReadOnlyList<double> BaseValues()
    {
        lock (_baseValuesLock)
        {
            return _baseValues ??= ComputeBaseValues();
        }
    }

    /// <summary>One figure per feature, summed over all splits.</summary>
    public double[] Importances(FeatureImportance kind)
    {
        var totals = new double[FeatureCount];
        foreach (var tree in Model.Trees)
        {
            foreach (ref readonly var node in tree.Nodes.AsSpan())
            {
                if (!node.IsLeaf)
                {
                    totals[node.Feature] += kind switch { FeatureImportance.Splits => 1, FeatureImportance.Gain => node.Gain, _ => node.Cover };
                }
            }
        }

        return totals;
    }

    void Explain(ReadOnlySpan<double> row, Span<double> contributions)
    {
        var bases = BaseValues();
        var width = FeatureCount + 1;
        contributions[..(Model.MarginCount * width)].Clear();
        for (var m = 0; m < Model.MarginCount; m++)
        {
            contributions[m * width + FeatureCount] = bases[m];
        }

        if (Model.IsLinear)
        {
            ExplainLinear(row, contributions);
            return;
        }

        var scratch = ArrayPool<TreeShap.Element>.Shared.Rent(TreeShap.ScratchLength(Model.Depth));
        for (var t = 0; t < Model.Trees.Length; t++)
        {
            new TreeShap(Model.Trees[t], row, contributions.Slice(Model.TreeMargins[t] * width, FeatureCount), scratch).Run();
        }

        ArrayPool<TreeShap.Element>.Shared.Return(scratch);
        if (Model.AverageOver != 1)
        {
            for (var m = 0; m < Model.MarginCount; m++)
            {
                foreach (ref var value in contributions.Slice(m * width, FeatureCount))
                {
                    value /= Model.AverageOver;
                }
            }
        }
    }

    /// <summary>XGBoost attributes weight · value to each feature that is not missing.</summary>
    void ExplainLinear(ReadOnlySpan<double> row, Span<double> contributions)
    {
        for (var m = 0; m < Model.MarginCount; m++)
        {
            for (var f = 0; f < FeatureCount; f++)
            {
                contributions[m * (FeatureCount + 1) + f] = double.IsNaN(row[f]) ? 0 : row[f] * Model.LinearWeights[f * Model.MarginCount + m];
            }
        }
    }

    double[] ComputeBaseValues()
    {
        if (Model.Depth > MaxExplainedDepth)
        {
            Throw.NotSupported($"the deepest tree has {Model.Depth} levels; contributions are computed up to {MaxExplainedDepth}");
        }

        var bases = Model.BaseMargins.ToArray();
        for (var m = 0; m < bases.Length && Model.IsLinear; m++)
        {
            bases[m] += Model.LinearWeights[FeatureCount * Model.MarginCount + m];
        }

        for (var t = 0; t < Model.Trees.Length; t++)
        {
            var tree = Model.Trees[t];
            if (tree.LeafCount > 1 && tree.Nodes[0].Cover <= 0 && tree.Nodes.All(n => n.Cover <= 0))
            {
                Throw.NotSupported($"tree {t} carries no training weights (cover), which contributions need; load the trainer's own file instead of ONNX");
            }

            bases[Model.TreeMargins[t]] += TreeShap.Expected(tree);
        }

        for (var m = 0; m < bases.Length; m++)
        {
            bases[m] /= Model.AverageOver;
        }

        return bases;
    }

    /// <summary>The values as the model compares them: rounded to float32 for float32 models.</summary>
    double[] AsCompared(ReadOnlySpan<double> row, double[] values)
    {
        for (var f = 0; f < FeatureCount; f++)
        {
            values[f] = Model.Arithmetic == ForestArithmetic.Single ? (float)row[f] : row[f];
        }

        return values;
    }
}
