using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fettle.Forests.Trees;

namespace Fettle.Forests.Kernels;

/// <summary>
/// Rank encoding: a value becomes the number of thresholds of its feature that it has passed, and a split becomes a comparison of ranks.
/// 1. Every split is written as "left when x &lt; key": LightGBM's x ≤ t is x &lt; the next float64 above t.
/// 2. The distinct keys of a feature, in order, are k₀ &lt; k₁ &lt; …; rank(x) = how many keys are ≤ x; a split on kᵢ goes right exactly when rank(x) &gt; i.
/// 3. For float32 values a float64 key is replaced by the smallest float32 that is not below it, which keeps every answer.
/// 4. A byte ranks 255 keys. A feature with more takes several slots: slot c ranks the keys 255·c … 255·c + 254, and a split asks the slot its key is in.
///    Together the bytes are the 16-bit rank, so the kernels compare bytes whatever the model.
/// No information a split uses is lost, so leaves are equal. A value that is missing has rank 0 and goes left; splits whose default is right know it.
/// </summary>
internal sealed class RankTable
{
    /// <summary>Keys that a byte can rank.</summary>
    public const int SlotKeys = 255;

    /// <summary>Keys per feature that 16 bits can rank.</summary>
    public const int MaxKeys = 65_535;

    readonly KeySearch _search;

    /// <summary>The feature of each slot, filled up with feature 0 to a multiple of eight.</summary>
    readonly int[] _features;
    readonly MissingKind[] _missing;

    /// <summary>A block without NaN can still have missing values.</summary>
    readonly bool _zeroIsMissing;

    /// <summary>NaN, and nothing else, is missing in every slot.</summary>
    readonly bool _nanIsMissing;
    readonly Dictionary<int, (int FirstSlot, double[] Keys)> _byFeature;

    RankTable(SortedDictionary<int, (HashSet<double> Keys, MissingKind Missing)> keys)
    {
        var slots = new List<(int Feature, double[] Keys, MissingKind Missing)>();
        _byFeature = [];
        foreach (var (feature, (distinct, missing)) in keys)
        {
            var ordered = distinct.Order().ToArray();
            _byFeature.Add(feature, (slots.Count, ordered));
            slots.AddRange(ordered.Chunk(SlotKeys).Select(chunk => (feature, chunk, missing)));
        }

        Slots = slots.Count;
        _features = new int[(Slots + 7) & ~7];
        for (var s = 0; s < Slots; s++)
        {
            _features[s] = slots[s].Feature;
        }

        _missing = [.. slots.Select(s => s.Missing)];
        _search = new KeySearch([.. slots.Select(s => s.Keys)]);
        _zeroIsMissing = _missing.Contains(MissingKind.Zero);
        _nanIsMissing = _missing.All(m => m == MissingKind.NaN);
        WidestFeature = _byFeature.Values.Select(f => f.Keys.Length).DefaultIfEmpty(0).Max();
    }

    /// <summary>Bytes a row is ranked to.</summary>
    public int Slots { get; }

    /// <summary>Keys of the feature that has most of them.</summary>
    public int WidestFeature { get; }

    /// <summary>The feature of a slot.</summary>
    public int Feature(int slot) => _features[slot];

    /// <summary>The slot that ranks a key of a feature, and the key's rank there.</summary>
    public (int Slot, int Rank) Find(int feature, double key)
    {
        var (first, keys) = _byFeature[feature];
        var index = Array.BinarySearch(keys, key == 0 ? 0.0 : key);
        return (first + index / SlotKeys, index % SlotKeys);
    }

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

        return (new RankTable(keys), null);
    }

    /// <summary>Ranks of one row, one byte per slot, and 0xFF per slot whose value is missing; the others stay as they are.</summary>
    /// <returns>True when a value is missing.</returns>
    public bool EncodeRow<T>(ref T row, ref byte ranks, ref byte missing) where T : unmanaged
    {
        var any = false;
        ref var features = ref MemoryMarshal.GetArrayDataReference(_features);
        if (_nanIsMissing)
        {
            if (typeof(T) == typeof(float) && _search.RanksRows)
            {
                return _search.RankRow(ref Unsafe.As<T, float>(ref row), ref features, Slots, ref ranks, ref missing);
            }

            for (var s = 0; s < Slots; s++)
            {
                var value = Unsafe.Add(ref row, Unsafe.Add(ref features, s));
                Unsafe.Add(ref ranks, s) = _search.Rank(s, value);
                if (IsNaN(value))
                {
                    Unsafe.Add(ref missing, s) = 0xFF;
                    any = true;
                }
            }

            return any;
        }

        for (var s = 0; s < Slots; s++)
        {
            any |= EncodeValue(s, Unsafe.Add(ref row, Unsafe.Add(ref features, s)), ref Unsafe.Add(ref ranks, s), ref Unsafe.Add(ref missing, s));
        }

        return any;
    }

    /// <summary>Ranks of a block, slot after slot: [slot][stride] bytes, and 0xFF where a value is missing.</summary>
    /// <returns>True when a value is missing.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool EncodeBlock<T>(ReadOnlySpan<T> rows, int count, int width, ref byte ranks, ref byte missing, int stride) where T : unmanaged
    {
        var any = false;
        var gaps = HasNaN(rows[..(count * width)]);
        for (var s = 0; s < Slots; s++)
        {
            ref var value = ref Unsafe.Add(ref MemoryMarshal.GetReference(rows), _features[s]);
            ref var target = ref Unsafe.Add(ref ranks, s * stride);
            ref var gap = ref Unsafe.Add(ref missing, s * stride);
            if (_missing[s] == MissingKind.NaN || (!gaps && _missing[s] == MissingKind.None))
            {
                _search.Ranks(s, ref value, count, width, ref target);
                if (gaps)
                {
                    any |= MarkNaN(ref value, count, width, ref gap);
                }
                else if (_zeroIsMissing)
                {
                    MemoryMarshal.CreateSpan(ref gap, count).Clear();
                }

                continue;
            }

            for (var r = 0; r < count; r++)
            {
                any |= EncodeValue(s, Unsafe.Add(ref value, r * (nint)width), ref Unsafe.Add(ref target, r), ref Unsafe.Add(ref gap, r));
            }
        }

        return any;
    }

    /// <summary>0xFF where a value is NaN, 0 elsewhere.</summary>
    static bool MarkNaN<T>(ref T values, int count, int width, ref byte marks) where T : unmanaged
    {
        var any = 0;
        for (var r = 0; r < count; r++)
        {
            int mark = -Unsafe.BitCast<bool, byte>(IsNaN(Unsafe.Add(ref values, r * (nint)width)));
            Unsafe.Add(ref marks, r) = (byte)mark;
            any |= mark;
        }

        return any != 0;
    }

    bool EncodeValue<T>(int slot, T value, ref byte rank, ref byte missing) where T : unmanaged
    {
        var isMissing = IsNaN(value);
        if (_missing[slot] == MissingKind.None && isMissing)
        {
            // A model trained without missing values compares NaN as 0.
            (value, isMissing) = (default, false);
        }
        else if (_missing[slot] == MissingKind.Zero && IsAlmostZero(value))
        {
            isMissing = true;
        }

        rank = isMissing ? (byte)0 : _search.Rank(slot, value);
        missing = isMissing ? (byte)0xFF : (byte)0;
        return isMissing;
    }

    static bool IsNaN<T>(T value) where T : unmanaged => typeof(T) == typeof(float) ? float.IsNaN((float)(object)value) : double.IsNaN((double)(object)value);

    static bool IsAlmostZero<T>(T value) where T : unmanaged
    {
        var x = typeof(T) == typeof(float) ? (float)(object)value : (double)(object)value;
        return x is >= -DecisionTree.ZeroThreshold and <= DecisionTree.ZeroThreshold;
    }

    static bool HasNaN<T>(ReadOnlySpan<T> values) where T : unmanaged =>
        typeof(T) == typeof(float)
            ? KeySearch.HasNaN(MemoryMarshal.Cast<T, float>(values))
            : KeySearch.HasNaN(MemoryMarshal.Cast<T, double>(values));
}
