namespace Fettle.Forests.Trees;

/// <summary>The test of an inner node; the first named child is the left one.</summary>
internal enum SplitKind : byte
{
    Leaf,

    /// <summary>Left when x &lt; threshold.</summary>
    Less,

    /// <summary>Left when x ≤ threshold.</summary>
    LessOrEqual,

    /// <summary>Left when x = threshold (ONNX BRANCH_EQ).</summary>
    Equal,

    /// <summary>XGBoost: right when the category is in the set; left when it is not or is no category at all.</summary>
    CategoriesRight,

    /// <summary>LightGBM: left when the category is in the set; right otherwise, also for NaN.</summary>
    CategoriesLeft,
}

/// <summary>Which values take the default direction.</summary>
internal enum MissingKind : byte
{
    /// <summary>NaN takes it.</summary>
    NaN,

    /// <summary>NaN and values within ±1e-35 take it (LightGBM zero_as_missing).</summary>
    Zero,

    /// <summary>None: NaN is compared as 0 (LightGBM without missing values in training).</summary>
    None,
}

/// <summary>One node as the file has it. Thresholds and values of float32 models are exact in the doubles here.</summary>
internal struct TreeNode
{
    public SplitKind Kind;
    public MissingKind Missing;
    public bool DefaultLeft;
    public int Feature;
    public int Left;
    public int Right;

    /// <summary>The split's set in <see cref="DecisionTree.Categories"/>.</summary>
    public int CategoryStart;
    public int CategoryCount;

    /// <summary>What the trainer calls this leaf in its leaf-index output.</summary>
    public int LeafId;

    public double Threshold;

    /// <summary>Leaf value.</summary>
    public double Value;

    /// <summary>Training weight that reached the node (XGBoost: sum of hessians, LightGBM: rows); 0 when the file has none.</summary>
    public double Cover;

    /// <summary>Loss reduction of the split; 0 when the file has none.</summary>
    public double Gain;

    public readonly bool IsLeaf => Kind == SplitKind.Leaf;
}
