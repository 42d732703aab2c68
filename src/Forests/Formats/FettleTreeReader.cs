using System.Buffers.Binary;
using Fettle.Forests.Trees;

namespace Fettle.Forests.Formats;

/// <summary>The trees of a Fettle binary: nodes in preorder, what they need from one section each, all read in step.</summary>
internal ref struct FettleTreeReader
{
    readonly ForestArithmetic _arithmetic;
    readonly LeafPrecision _precision;

    /// <summary>Split and missing kind of all splits, where no section gives one each.</summary>
    readonly byte _kind;
    readonly int[] _slots;
    readonly int _mostKeys;
    readonly double[][] _keys;
    readonly bool _hasKinds;
    readonly bool _hasStatistics;
    readonly double _step;
    SectionReader _structure;
    SectionReader _slot;
    SectionReader _rank;
    SectionReader _sets;
    SectionReader _leaf;
    SectionReader _kinds;
    SectionReader _statistics;
    ReadOnlySpan<byte> _shape;
    readonly ReadOnlySpan<byte> _directions;
    long _bit;
    long _split;

    public FettleTreeReader(FettleReader file, ForestArithmetic arithmetic, LeafPrecision precision, byte kind, int[] slots, int mostKeys, double[][] keys)
    {
        (_arithmetic, _precision, _kind, _slots, _mostKeys, _keys) = (arithmetic, precision, kind, slots, mostKeys, keys);
        _structure = file.Section("TREE");
        _slot = file.Section("SLOT");
        _rank = file.Section("RANK");
        _sets = file.Section("CATS");
        _leaf = file.Section("LEAF");
        var direction = file.Section("DFLT");
        _directions = direction.Take(direction.Left);
        (_hasKinds, _hasStatistics) = (file.Has("KIND"), file.Has("STAT"));
        _kinds = _hasKinds ? file.Section("KIND") : default;
        _statistics = _hasStatistics ? file.Section("STAT") : default;
        _step = _leaf.Double();
    }

    public DecisionTree[] Read(int count, int features)
    {
        var leaves = new int[count * 4L <= _structure.Left ? count : throw _structure.Error($"{count} trees do not fit")];
        for (var t = 0; t < count; t++)
        {
            leaves[t] = _structure.Integer("the number of leaves", 1, int.MaxValue);
        }

        var total = leaves.Sum(l => 2L * l - 1);
        if (total > _structure.Left * 8L)
        {
            throw _structure.Error($"{total} nodes need more than the {_structure.Left} bytes of structure");
        }

        _shape = _structure.Take(_structure.Left);
        var trees = new DecisionTree[count];
        for (var t = 0; t < count; t++)
        {
            trees[t] = Tree(leaves[t], t);
            if (trees[t].Validate(features) is { } error)
            {
                throw _structure.Error($"tree {t}: {error}");
            }
        }

        return trees;
    }

    DecisionTree Tree(int leaves, int number)
    {
        var nodes = new TreeNode[2 * leaves - 1];
        var categories = new List<int>();
        // Nodes whose right child is still to come, innermost last.
        var open = new Stack<int>();
        var afterLeaf = false;
        for (var n = 0; n < nodes.Length; n++)
        {
            if (afterLeaf)
            {
                nodes[open.TryPop(out var parent) ? parent : throw _structure.Error($"tree {number} ends before its last node")].Right = n;
            }

            var isSplit = (_shape[(int)(_bit >> 3)] >> (int)(_bit & 7) & 1) != 0;
            _bit++;
            nodes[n] = isSplit ? Split(n, categories) : new TreeNode { Kind = SplitKind.Leaf, Value = Leaf() };
            if (isSplit)
            {
                open.Push(n);
            }

            if (_hasStatistics)
            {
                Statistics(ref nodes[n]);
            }

            afterLeaf = !isSplit;
        }

        return new DecisionTree { Nodes = nodes, Categories = [.. categories] };
    }

    TreeNode Split(int index, List<int> categories)
    {
        var slot = _slot.Number(_slots.Length);
        var rank = _rank.Number(_mostKeys);
        var code = _hasKinds ? _kinds.Byte() : _kind;
        var node = new TreeNode
        {
            Kind = (SplitKind)(code & 15), Missing = (MissingKind)(code >> 4), Feature = _slots.Length > 0 ? _slots[slot] : throw _slot.Error("a split without features"), Left = index + 1,
        };
        if (node.Kind is SplitKind.Leaf or > SplitKind.CategoriesLeft || node.Missing > MissingKind.None || _split >> 3 >= _directions.Length)
        {
            throw _slot.Error($"the split {_split} has the kind {code} or no default direction");
        }

        node.DefaultLeft = (_directions[(int)(_split >> 3)] >> (int)(_split & 7) & 1) != 0;
        _split++;
        if (node.Kind is SplitKind.CategoriesLeft or SplitKind.CategoriesRight)
        {
            node.CategoryStart = categories.Count;
            node.CategoryCount = _sets.Count("the number of categories", 4);
            for (var c = 0; c < node.CategoryCount; c++)
            {
                categories.Add(_sets.Integer());
            }
        }
        else
        {
            node.Threshold = rank < _keys[slot].Length ? _keys[slot][rank] : throw _rank.Error($"the rank {rank} is outside the {_keys[slot].Length} thresholds of its feature");
        }

        return node;
    }

    double Leaf()
    {
        var value = _precision switch
        {
            LeafPrecision.Int16 => BinaryPrimitives.ReadInt16LittleEndian(_leaf.Take(2)) * _step,
            LeafPrecision.Int8 => (sbyte)_leaf.Byte() * _step,
            _ => _leaf.Real(_arithmetic),
        };
        return _arithmetic == ForestArithmetic.Single ? (float)value : value;
    }

    /// <summary>A leaf has its number, a split its gain in the second place.</summary>
    void Statistics(ref TreeNode node)
    {
        var (cover, extra) = (_statistics.Single(), _statistics.Integer());
        node.Cover = float.IsFinite(cover) ? cover : 0;
        (node.LeafId, node.Gain) = node.IsLeaf ? (extra, 0) : (0, BitConverter.Int32BitsToSingle(extra) is var gain && float.IsFinite(gain) ? gain : 0);
    }
}
