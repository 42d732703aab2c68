using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Fettle.Forests.Trees;

namespace Fettle.Forests.Kernels;

/// <summary>
/// Rank encoding: a value becomes the number of thresholds of its feature that it has passed, and a split becomes a comparison of ranks.
/// 1. Every split is written as "left when x &lt; key": LightGBM's x ≤ t is x &lt; the next float64 above t.
/// 2. The distinct keys of a feature, in order, are k₀ &lt; k₁ &lt; …; rank(x) = how many keys are ≤ x; a split on kᵢ goes right exactly when rank(x) &gt; i.
/// 3. For float32 values a float64 key is replaced by the smallest float32 that is not below it, which keeps every answer.
/// No information a split uses is lost, so leaves are equal. A value that is missing has rank 0 and goes left; splits whose default is right know it.
/// With up to 255 keys a rank is one byte, found by one comparison with 16 pivots and one with the 16 keys between two pivots.
/// </summary>
internal sealed class RankTable
{
    /// <summary>Keys per feature that a byte can rank.</summary>
    public const int MaxKeys = 255;
    const int Block = 16;
    const int Stride = Block + Block * Block;

    readonly float[] _singles;
    readonly double[][] _doubles;
    readonly int[] _features;
    readonly MissingKind[] _missing;

    RankTable(int[] features, double[][] keys, MissingKind[] missing)
    {
        (_features, _doubles, _missing) = (features, keys, missing);
        Slots = features.Length;
        _singles = GC.AllocateUninitializedArray<float>(Math.Max(1, Slots * Stride), pinned: true);
        _singles.AsSpan().Fill(float.NaN);
        for (var s = 0; s < Slots; s++)
        {
            var at = s * Stride;
            for (var k = 0; k < keys[s].Length; k++)
            {
                _singles[at + Block + k] = NotBelow(keys[s][k]);
            }

            for (var p = 0; p < Block; p++)
            {
                _singles[at + p] = _singles[at + Block + p * Block + Block - 1];
            }
        }
    }

    /// <summary>Features that splits use; a slot is the position in this list.</summary>
    public int Slots { get; }

    public ReadOnlySpan<int> Features => _features;

    public double[] Keys(int slot) => _doubles[slot];

    public MissingKind Missing(int slot) => _missing[slot];

    /// <summary>The key of a split, so that it goes left exactly when x &lt; key; null when there is none.</summary>
    public static double? KeyOf(in TreeNode node, ForestArithmetic arithmetic) => node.Kind switch
    {
        SplitKind.Less => node.Threshold,
        SplitKind.LessOrEqual when double.IsPositiveInfinity(node.Threshold) => null,
        SplitKind.LessOrEqual when arithmetic == ForestArithmetic.Single => MathF.BitIncrement((float)node.Threshold),
        SplitKind.LessOrEqual => Math.BitIncrement(node.Threshold),
        _ => null,
    };

    /// <summary>The table, or why the model has none.</summary>
    public static (RankTable? Table, string? Problem) Create(ForestModel model)
    {
        var keys = new SortedDictionary<int, (HashSet<double> Keys, MissingKind Missing)>();
        foreach (var tree in model.Trees)
        {
            foreach (ref readonly var node in tree.Nodes.AsSpan())
            {
                if (node.IsLeaf || node.Kind is SplitKind.CategoriesLeft or SplitKind.CategoriesRight)
                {
                    continue;
                }

                if (KeyOf(in node, model.Arithmetic) is not { } key)
                {
                    return (null, node.Kind == SplitKind.Equal ? "a split tests for equality" : "a threshold is +infinity");
                }

                if (!keys.TryGetValue(node.Feature, out var entry))
                {
                    keys.Add(node.Feature, entry = ([], node.Missing));
                }

                if (entry.Missing != node.Missing)
                {
                    return (null, $"the splits of feature {node.Feature} treat missing values differently");
                }

                entry.Keys.Add(key == 0 ? 0.0 : key);
                if (entry.Keys.Count > MaxKeys)
                {
                    return (null, $"feature {node.Feature} has more than {MaxKeys} distinct thresholds");
                }
            }
        }

        return (new RankTable([.. keys.Keys], [.. keys.Values.Select(v => v.Keys.Order().ToArray())], [.. keys.Values.Select(v => v.Missing)]), null);
    }

    /// <summary>The smallest float32 that is not below a key: for float32 x, x &lt; key and x &lt; that are the same question.</summary>
    internal static float NotBelow(double key)
    {
        var single = (float)key;
        return single < key ? MathF.BitIncrement(single) : single;
    }

    /// <summary>Ranks of one row, one byte per slot, and a bit per slot whose value is missing.</summary>
    /// <returns>True when a value is missing.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Encode<T>(ref T row, ref byte ranks, nint stride, ref byte missing, nint missingStride) where T : unmanaged
    {
        var any = false;
        for (var s = 0; s < _features.Length; s++)
        {
            var isMissing = false;
            var rank = Rank(s, Unsafe.Add(ref row, _features[s]), ref isMissing);
            Unsafe.Add(ref ranks, s * stride) = (byte)rank;
            if (isMissing)
            {
                any = true;
                Unsafe.Add(ref missing, s * missingStride) = 0xFF;
            }
        }

        return any;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Rank<T>(int slot, T value, ref bool isMissing) where T : unmanaged
    {
        if (typeof(T) == typeof(double))
        {
            return RankDouble(slot, (double)(object)value, ref isMissing);
        }

        var x = (float)(object)value;
        if (_missing[slot] != MissingKind.NaN)
        {
            x = Settle(slot, x, ref isMissing);
        }
        else if (float.IsNaN(x))
        {
            isMissing = true;
        }

        ref var keys = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_singles), slot * Stride);
        var block = CountNotAbove(ref keys, x);
        return block * Block + CountNotAbove(ref Unsafe.Add(ref keys, Block + block * Block), x);
    }

    /// <summary>How many of 16 rising keys are ≤ x; NaN keys, which pad, and NaN values count nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int CountNotAbove(ref float keys, float x)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            return BitOperations.PopCount(Vector512.LessThanOrEqual(Vector512.LoadUnsafe(ref keys), Vector512.Create(x)).ExtractMostSignificantBits());
        }

        var wide = Vector256.Create(x);
        var low = Vector256.LessThanOrEqual(Vector256.LoadUnsafe(ref keys), wide).ExtractMostSignificantBits();
        var high = Vector256.LessThanOrEqual(Vector256.LoadUnsafe(ref keys, 8), wide).ExtractMostSignificantBits();
        return BitOperations.PopCount(low | high << 8);
    }

    float Settle(int slot, float x, ref bool isMissing) => (float)Settle(slot, (double)x, ref isMissing);

    /// <summary>Zero-as-missing and NaN-as-zero of LightGBM; a missing value becomes NaN, which ranks 0.</summary>
    double Settle(int slot, double x, ref bool isMissing)
    {
        var kind = _missing[slot];
        if (kind == MissingKind.None)
        {
            return double.IsNaN(x) ? 0 : x;
        }

        isMissing = double.IsNaN(x) || (kind == MissingKind.Zero && x is >= -DecisionTree.ZeroThreshold and <= DecisionTree.ZeroThreshold);
        return isMissing ? double.NaN : x;
    }

    int RankDouble(int slot, double x, ref bool isMissing)
    {
        x = Settle(slot, x, ref isMissing);
        if (double.IsNaN(x))
        {
            return 0;
        }

        var keys = _doubles[slot];
        int low = 0, high = keys.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (keys[middle] <= x)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
