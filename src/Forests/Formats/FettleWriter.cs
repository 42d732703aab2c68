using System.Security.Cryptography;
using System.Text;
using Fettle.Forests.Trees;

namespace Fettle.Forests.Formats;

/// <summary>
/// The compact binary, version 1, little-endian. Thresholds are kept once per feature and splits name their rank among them, so every leaf a row
/// reaches stays the same; leaves are exact unless asked otherwise.
/// Layout: magic "FETTLEF1"; sections, each: tag (4 bytes), length (4), content padded to 8, so that arrays can be mapped in place; last 32 bytes: SHA-256 of what precedes.
/// META numbers and texts · KEYS thresholds per feature · TREE per tree splits + structure bits (preorder, 1 = split) · SLOT feature slot per split · RANK threshold rank per split
/// · DFLT default-left bits · KIND split kind and missing kind per split where not all alike · CATS category sets · LEAF values · STAT cover, gain, leaf number (optional) · LINR weights (gblinear)
/// </summary>
internal static class FettleWriter
{
    internal const int HashLength = 32;
    internal static ReadOnlySpan<byte> Magic => "FETTLEF1"u8;

    public static byte[] Write(ForestModel model, LeafPrecision precision, bool keepStatistics)
    {
        var nodes = new List<(DecisionTree Tree, int Index)>();
        foreach (var tree in model.Trees)
        {
            Preorder(tree, nodes);
        }

        var splits = nodes.Where(n => !n.Tree.Nodes[n.Index].IsLeaf).ToList();
        var leaves = nodes.Where(n => n.Tree.Nodes[n.Index].IsLeaf).Select(n => n.Tree.Nodes[n.Index]).ToList();
        var keys = splits.Select(s => s.Tree.Nodes[s.Index]).Where(n => n.Kind is not (SplitKind.CategoriesLeft or SplitKind.CategoriesRight))
            .GroupBy(n => n.Feature).ToDictionary(g => g.Key, g => g.Select(n => n.Threshold).Distinct().Order().ToArray());
        var slots = splits.Select(s => s.Tree.Nodes[s.Index].Feature).Distinct().Order().ToArray();
        var file = new SectionWriter(Magic);
        file.Section("META", w => Meta(w, model, precision, slots, keys));
        file.Section("KEYS", w => Keys(w, model, slots, keys));
        file.Section("TREE", w => Structure(w, model, nodes));
        file.Section("SLOT", w => Numbers(w, splits.Select(s => Array.BinarySearch(slots, s.Tree.Nodes[s.Index].Feature)), slots.Length));
        file.Section("RANK", w => Numbers(w, splits.Select(s => RankOf(s.Tree.Nodes[s.Index], keys)), MostKeys(keys)));
        file.Section("DFLT", w => Bits(w, splits.Select(s => s.Tree.Nodes[s.Index].DefaultLeft)));
        if (splits.Select(s => (s.Tree.Nodes[s.Index].Kind, s.Tree.Nodes[s.Index].Missing)).Distinct().Count() > 1)
        {
            file.Section("KIND", w => splits.ForEach(s => w.Write((byte)((int)s.Tree.Nodes[s.Index].Kind | (int)s.Tree.Nodes[s.Index].Missing << 4))));
        }

        file.Section("CATS", w => Categories(w, splits));
        file.Section("LEAF", w => Leaves(w, model, precision, leaves));
        if (keepStatistics)
        {
            file.Section("STAT", w => nodes.ForEach(n => Statistic(w, n.Tree.Nodes[n.Index])));
        }

        if (model.IsLinear)
        {
            file.Section("LINR", w => Array.ForEach(model.LinearWeights, w.Write));
        }

        return file.Seal();
    }

    static void Preorder(DecisionTree tree, List<(DecisionTree, int)> nodes)
    {
        var stack = new Stack<int>([0]);
        while (stack.TryPop(out var index))
        {
            nodes.Add((tree, index));
            if (!tree.Nodes[index].IsLeaf)
            {
                stack.Push(tree.Nodes[index].Right);
                stack.Push(tree.Nodes[index].Left);
            }
        }
    }

    static int MostKeys(Dictionary<int, double[]> keys) => keys.Count == 0 ? 0 : keys.Values.Max(k => k.Length);

    static int RankOf(TreeNode node, Dictionary<int, double[]> keys) => node.Kind is SplitKind.CategoriesLeft or SplitKind.CategoriesRight ? 0
        : Array.BinarySearch(keys[node.Feature], node.Threshold);

    static void Meta(BinaryWriter w, ForestModel model, LeafPrecision precision, int[] slots, Dictionary<int, double[]> keys)
    {
        w.Write((byte)model.Arithmetic);
        w.Write((byte)model.Link);
        w.Write((byte)precision);
        var first = model.Trees.SelectMany(t => t.Nodes).FirstOrDefault(n => !n.IsLeaf);
        w.Write((byte)((int)first.Kind | (int)first.Missing << 4));
        w.Write(model.LinkScale);
        w.Write(model.AverageOver);
        w.Write(model.FeatureCount);
        w.Write(model.MarginCount);
        w.Write(model.Trees.Length);
        w.Write(MostKeys(keys));
        w.Write(slots.Length);
        Array.ForEach(slots, w.Write);
        foreach (var start in model.BaseMargins)
        {
            w.Write(start);
        }

        Array.ForEach(model.TreeMargins, w.Write);
        Text(w, model.TrainerVersion);
        Text(w, model.Objective);
        Texts(w, model.FeatureNames);
        Texts(w, model.FeatureTypes);
        Texts(w, [.. model.Attributes.SelectMany(a => new[] { a.Key, a.Value })]);
    }

    static void Text(BinaryWriter w, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        w.Write(bytes.Length);
        w.Write(bytes);
    }

    static void Texts(BinaryWriter w, IReadOnlyList<string> texts)
    {
        w.Write(texts.Count);
        foreach (var text in texts)
        {
            Text(w, text);
        }
    }

    static void Keys(BinaryWriter w, ForestModel model, int[] slots, Dictionary<int, double[]> keys)
    {
        foreach (var slot in slots)
        {
            var values = keys.GetValueOrDefault(slot, []);
            w.Write(values.Length);
            foreach (var key in values)
            {
                Real(w, model, key);
            }
        }
    }

    static void Real(BinaryWriter w, ForestModel model, double value)
    {
        if (model.Arithmetic == ForestArithmetic.Single)
        {
            w.Write((float)value);
        }
        else
        {
            w.Write(value);
        }
    }

    static void Structure(BinaryWriter w, ForestModel model, List<(DecisionTree Tree, int Index)> nodes)
    {
        foreach (var tree in model.Trees)
        {
            w.Write(tree.LeafCount);
        }

        Bits(w, nodes.Select(n => !n.Tree.Nodes[n.Index].IsLeaf));
    }

    static void Numbers(BinaryWriter w, IEnumerable<int> values, int count)
    {
        foreach (var value in values)
        {
            if (count <= 256)
            {
                w.Write((byte)value);
            }
            else if (count <= 65536)
            {
                w.Write((ushort)value);
            }
            else
            {
                w.Write(value);
            }
        }
    }

    static void Bits(BinaryWriter w, IEnumerable<bool> bits)
    {
        int at = 0, current = 0;
        foreach (var bit in bits)
        {
            current |= (bit ? 1 : 0) << at++;
            if (at == 8)
            {
                w.Write((byte)current);
                (at, current) = (0, 0);
            }
        }

        w.Write((byte)current);
    }

    static void Categories(BinaryWriter w, List<(DecisionTree Tree, int Index)> splits)
    {
        foreach (var (tree, index) in splits)
        {
            if (tree.Nodes[index].Kind is SplitKind.CategoriesLeft or SplitKind.CategoriesRight)
            {
                var set = tree.CategoriesOf(in tree.Nodes[index]);
                w.Write(set.Length);
                foreach (var category in set)
                {
                    w.Write(category);
                }
            }
        }
    }

    static void Leaves(BinaryWriter w, ForestModel model, LeafPrecision precision, List<TreeNode> leaves)
    {
        var step = LeafStep(model, precision);
        w.Write(step);
        foreach (var leaf in leaves)
        {
            switch (precision)
            {
                case LeafPrecision.Int16:
                    w.Write((short)Math.Round(leaf.Value / step));
                    break;
                case LeafPrecision.Int8:
                    w.Write((sbyte)Math.Round(leaf.Value / step));
                    break;
                default:
                    Real(w, model, leaf.Value);
                    break;
            }
        }
    }

    /// <summary>What one step of a quantised leaf is worth; half of it is the largest error of a leaf.</summary>
    internal static double LeafStep(ForestModel model, LeafPrecision precision)
    {
        var largest = model.Trees.SelectMany(t => t.Nodes).Where(n => n.IsLeaf).Select(n => Math.Abs(n.Value)).DefaultIfEmpty(0).Max();
        return precision == LeafPrecision.Exact || largest == 0 ? 1 : largest / (precision == LeafPrecision.Int16 ? short.MaxValue : sbyte.MaxValue);
    }

    static void Statistic(BinaryWriter w, TreeNode node)
    {
        w.Write((float)node.Cover);
        w.Write(node.IsLeaf ? node.LeafId : BitConverter.SingleToInt32Bits((float)node.Gain));
    }

    sealed class SectionWriter
    {
        readonly MemoryStream _stream = new();

        public SectionWriter(ReadOnlySpan<byte> magic) => _stream.Write(magic);

        public void Section(string tag, Action<BinaryWriter> write)
        {
            var content = new MemoryStream();
            using (var writer = new BinaryWriter(content, Encoding.UTF8, leaveOpen: true))
            {
                write(writer);
            }

            using var header = new BinaryWriter(_stream, Encoding.ASCII, leaveOpen: true);
            header.Write(Encoding.ASCII.GetBytes(tag));
            header.Write((int)content.Length);
            header.Write(content.ToArray());
            header.Write(new byte[(8 - content.Length % 8) % 8]);
        }

        public byte[] Seal()
        {
            var content = _stream.ToArray();
            return [.. content, .. SHA256.HashData(content)];
        }
    }
}
