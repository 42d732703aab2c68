using Fettle.Forests.Trees;

namespace Fettle.Forests.Formats;

/// <summary>Trees of the TreeEnsemble operator (ai.onnx.ml 5). Every node may be used once, so the work is bounded by the file.</summary>
internal sealed class OnnxCurrentTrees
{
    static readonly string[] Modes = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];

    readonly OnnxNode _node;
    readonly OnnxEnsemble _ensemble;
    readonly long[] _features;
    readonly double[] _splits;
    readonly double[] _modes;
    readonly long[] _yes;
    readonly long[] _no;
    readonly long[] _yesLeaf;
    readonly long[] _noLeaf;
    readonly long[] _tracks;
    readonly double[] _rates;
    readonly long[] _leafTargets;
    readonly double[] _leafWeights;
    readonly bool[] _used;

    public OnnxCurrentTrees(OnnxNode node, OnnxEnsemble ensemble)
    {
        (_node, _ensemble) = (node, ensemble);
        _features = node.Integers("nodes_featureids");
        var count = _features.Length;
        _splits = node.Numbers("nodes_splits", count);
        _modes = node.Numbers("nodes_modes", count);
        _yes = node.Integers("nodes_truenodeids", count);
        _no = node.Integers("nodes_falsenodeids", count);
        _yesLeaf = node.Integers("nodes_trueleafs", count);
        _noLeaf = node.Integers("nodes_falseleafs", count);
        _tracks = node.Has("nodes_missing_value_tracks_true") && node.Integers("nodes_missing_value_tracks_true").Length > 0 ? node.Integers("nodes_missing_value_tracks_true", count) : new long[count];
        _rates = node.Has("nodes_hitrates") ? node.Numbers("nodes_hitrates", count) : new double[count];
        _leafTargets = node.Integers("leaf_targetids");
        _leafWeights = node.Numbers("leaf_weights", _leafTargets.Length);
        _used = new bool[count];
    }

    public OnnxTree Read(long root)
    {
        var nodes = new List<TreeNode>();
        var leaves = new List<(int Index, long Leaf)>();
        var work = new Queue<(long Id, bool Leaf, int Index)>();
        nodes.Add(default);
        work.Enqueue((root, false, 0));
        while (work.TryDequeue(out var item))
        {
            if (item.Leaf)
            {
                leaves.Add((item.Index, item.Id));
                nodes[item.Index] = new TreeNode { Kind = SplitKind.Leaf, LeafId = (int)item.Id };
                continue;
            }

            var id = Claim(item.Id);
            if (_modes[id] is not (>= 0 and <= 5))
            {
                throw _node.Error($"nodes_modes[{id}] is {_modes[id]}; 0 to 5 are known (6, BRANCH_MEMBER, is not supported)");
            }

            var (yes, no) = (nodes.Count, nodes.Count + 1);
            nodes.Add(default);
            nodes.Add(default);
            nodes[item.Index] = _ensemble.Split(_node, Modes[(int)_modes[id]], _features[id], _splits[id], yes, no, _tracks[id] != 0, _rates[id]);
            work.Enqueue((Leaf(_yesLeaf[id], _yes[id]), _yesLeaf[id] != 0, yes));
            work.Enqueue((Leaf(_noLeaf[id], _no[id]), _noLeaf[id] != 0, no));
        }

        var tree = new OnnxTree { Id = root, Nodes = [.. nodes] };
        foreach (var (index, leaf) in leaves)
        {
            _ensemble.AddWeight(_node, tree, index, _leafTargets[leaf], _leafWeights[leaf]);
        }

        return tree;
    }

    int Claim(long id)
    {
        if (id < 0 || id >= _used.Length)
        {
            throw _node.Error($"a tree names the node {id}; allowed: 0 to {_used.Length - 1}");
        }

        if (_used[id])
        {
            throw _node.Error($"the node {id} is reached twice; a tree has no cycles and no shared nodes");
        }

        _used[id] = true;
        return (int)id;
    }

    long Leaf(long isLeaf, long id) => isLeaf == 0 || (id >= 0 && id < _leafTargets.Length)
        ? id
        : throw _node.Error($"a split names the leaf {id}; allowed: 0 to {_leafTargets.Length - 1}");
}
