using System.Runtime.CompilerServices;

namespace Fettle.Forests.Kernels;

/// <summary>
/// The oracle: walks the trees as the file has them and adds leaves in tree order, in the trainer's type.
/// Every other kernel must equal it to the last bit.
/// </summary>
internal static class PlainWalk
{
    /// <summary>Margins of one row of a model of <see cref="ForestArithmetic.Single"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Single<T>(ForestModel model, ReadOnlySpan<T> row, Span<float> margins) where T : struct
    {
        for (var m = 0; m < margins.Length; m++)
        {
            margins[m] = (float)model.BaseMargins[m];
        }

        if (model.IsLinear)
        {
            Linear(model, row, margins);
            return;
        }

        for (var t = 0; t < model.Trees.Length; t++)
        {
            var tree = model.Trees[t];
            margins[model.TreeMargins[t]] += (float)tree.Nodes[tree.FindLeaf(row)].Value;
        }

        if (model.AverageOver != 1)
        {
            for (var m = 0; m < margins.Length; m++)
            {
                margins[m] /= (float)model.AverageOver;
            }
        }
    }

    /// <summary>Margins of one row of a model of <see cref="ForestArithmetic.Double"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Double<T>(ForestModel model, ReadOnlySpan<T> row, Span<double> margins) where T : struct
    {
        for (var m = 0; m < margins.Length; m++)
        {
            margins[m] = model.BaseMargins[m];
        }

        for (var t = 0; t < model.Trees.Length; t++)
        {
            var tree = model.Trees[t];
            margins[model.TreeMargins[t]] += tree.Nodes[tree.FindLeaf(row)].Value;
        }

        if (model.AverageOver != 1)
        {
            for (var m = 0; m < margins.Length; m++)
            {
                margins[m] /= model.AverageOver;
            }
        }
    }

    /// <summary>XGBoost's gblinear: bias + base, then feature by feature; a missing feature adds nothing.</summary>
    static void Linear<T>(ForestModel model, ReadOnlySpan<T> row, Span<float> margins) where T : struct
    {
        var count = margins.Length;
        var weights = model.LinearWeights;
        for (var m = 0; m < count; m++)
        {
            var sum = weights[model.FeatureCount * count + m] + margins[m];
            for (var f = 0; f < model.FeatureCount; f++)
            {
                var x = typeof(T) == typeof(float) ? (float)(object)row[f] : (float)(double)(object)row[f];
                if (!float.IsNaN(x))
                {
                    sum += x * weights[f * count + m];
                }
            }

            margins[m] = sum;
        }
    }
}
