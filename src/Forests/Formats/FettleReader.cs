using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Fettle.Forests.Trees;

namespace Fettle.Forests.Formats;

/// <summary>Reads what <see cref="FettleWriter"/> writes; the checksum is compared before anything else is looked at.</summary>
internal sealed class FettleReader
{
    const int MaxFeatures = 1 << 24;

    readonly string _file;
    readonly byte[] _bytes;
    readonly Dictionary<string, (int Start, int Length)> _sections = [];

    FettleReader(string file, byte[] bytes) => (_file, _bytes) = (file, bytes);

    public static bool Accepts(ReadOnlySpan<byte> bytes) => bytes.StartsWith(FettleWriter.Magic);

    public static ForestModel Read(string file, byte[] bytes)
    {
        var length = bytes.Length - FettleWriter.HashLength;
        if (length < FettleWriter.Magic.Length || !SHA256.HashData(bytes.AsSpan(0, length)).AsSpan().SequenceEqual(bytes.AsSpan(length)))
        {
            throw new ModelFormatException("the checksum does not match; the file is damaged or truncated", file, $"byte {Math.Max(0, length)}");
        }

        var reader = new FettleReader(file, bytes);
        reader.FindSections(length);
        return reader.ReadModel();
    }

    void FindSections(int end)
    {
        var at = FettleWriter.Magic.Length;
        while (at + 8 <= end)
        {
            var tag = Encoding.ASCII.GetString(_bytes, at, 4);
            var length = BinaryPrimitives.ReadInt32LittleEndian(_bytes.AsSpan(at + 4));
            if (length < 0 || length > end - at - 8 || !_sections.TryAdd(tag, (at + 8, length)))
            {
                throw new ModelFormatException($"the section '{tag}' of {length} bytes does not fit or is given twice", _file, $"byte {at}");
            }

            at += 8 + (length + 7 & ~7);
        }
    }

    SectionReader Section(string tag) => _sections.TryGetValue(tag, out var place)
        ? new SectionReader(_file, tag, _bytes.AsSpan(place.Start, place.Length), place.Start)
        : throw new ModelFormatException($"the section '{tag}' is missing", _file, "byte 8");

    ForestModel ReadModel()
    {
        var meta = Section("META");
        var arithmetic = Enumeration<ForestArithmetic>(ref meta);
        var link = Enumeration<ForestLink>(ref meta);
        var precision = Enumeration<LeafPrecision>(ref meta);
        var kind = meta.Byte();
        var (scale, over) = (meta.Double(), meta.Double());
        if (!double.IsFinite(scale) || !double.IsFinite(over) || over == 0)
        {
            throw meta.Error($"the link scale {scale} or the divisor {over} is not allowed");
        }

        var features = meta.Integer("the number of features", 0, MaxFeatures);
        var margins = meta.Integer("the number of margins", 1, 1 << 20);
        var trees = meta.Integer("the number of trees", 0, int.MaxValue);
        var mostKeys = meta.Integer("the number of thresholds of a feature", 0, int.MaxValue);
        var slots = new int[meta.Count("the number of used features", 4)];
        for (var s = 0; s < slots.Length; s++)
        {
            slots[s] = meta.Integer("a used feature", 0, features - 1);
        }

        var bases = new double[margins * 8L <= meta.Left ? margins : throw meta.Error($"{margins} margins do not fit")];
        for (var m = 0; m < margins; m++)
        {
            bases[m] = meta.Double() is var start && double.IsFinite(start) ? start : throw meta.Error("a base margin is no finite number");
        }

        var groups = new int[trees * 4L <= meta.Left ? trees : throw meta.Error($"{trees} trees do not fit")];
        for (var t = 0; t < trees; t++)
        {
            groups[t] = meta.Integer("the margin of a tree", 0, margins - 1);
        }

        var (version, objective, names, types, attributes) = (meta.Text(), meta.Text(), meta.Texts(), meta.Texts(), meta.Texts());
        return new ForestModel
        {
            Format = ForestFormat.FettleBinary,
            TrainerVersion = version,
            Objective = objective,
            Arithmetic = arithmetic,
            Link = link,
            LinkScale = scale,
            FeatureCount = features,
            FeatureNames = names,
            FeatureTypes = types,
            Attributes = attributes.Chunk(2).Where(a => a.Length == 2).DistinctBy(a => a[0]).ToDictionary(a => a[0], a => a[1]),
            MarginCount = margins,
            BaseMargins = bases,
            AverageOver = over,
            Trees = ReadTrees(arithmetic, precision, kind, features, slots, mostKeys, trees),
            TreeMargins = groups,
            LinearWeights = _sections.ContainsKey("LINR") ? ReadLinear(features, margins) : [],
        };
    }

    static T Enumeration<T>(ref SectionReader reader) where T : struct, Enum
    {
        var value = (T)Enum.ToObject(typeof(T), reader.Byte());
        return Enum.IsDefined(value) ? value : throw reader.Error($"{typeof(T).Name} has no value {value}");
    }

    float[] ReadLinear(int features, int margins)
    {
        var section = Section("LINR");
        var count = (features + 1L) * margins;
        var weights = new float[count * 4 <= section.Left ? count : throw section.Error($"{count} weights do not fit")];
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = section.Single();
        }

        return weights;
    }

    DecisionTree[] ReadTrees(ForestArithmetic arithmetic, LeafPrecision precision, byte kind, int features, int[] slots, int mostKeys, int count)
    {
        var keySection = Section("KEYS");
        var keys = new double[slots.Length][];
        for (var s = 0; s < slots.Length; s++)
        {
            keys[s] = new double[keySection.Count("the number of thresholds", arithmetic == ForestArithmetic.Single ? 4 : 8)];
            for (var k = 0; k < keys[s].Length; k++)
            {
                keys[s][k] = keySection.Real(arithmetic);
            }
        }

        SectionReader structure = Section("TREE"), slot = Section("SLOT"), rank = Section("RANK"), direction = Section("DFLT"), sets = Section("CATS"), leaf = Section("LEAF");
        var kinds = _sections.ContainsKey("KIND") ? Section("KIND") : default;
        var hasKinds = _sections.ContainsKey("KIND");
        var hasStatistics = _sections.ContainsKey("STAT");
        var statistics = hasStatistics ? Section("STAT") : default;
        var leaves = new int[count * 4L <= structure.Left ? count : throw structure.Error($"{count} trees do not fit")];
        for (var t = 0; t < count; t++)
        {
            leaves[t] = structure.Integer("the number of leaves", 1, int.MaxValue);
        }

        var total = leaves.Sum(l => 2L * l - 1);
        if (total > structure.Left * 8L)
        {
            throw structure.Error($"{total} nodes need more than the {structure.Left} bytes of structure");
        }

        var shape = structure.Take(structure.Left);
        var directions = direction.Take(direction.Left);
        var step = leaf.Double();
        var trees = new DecisionTree[count];
        long bit = 0, split = 0;
        for (var t = 0; t < count; t++)
        {
            var nodes = new TreeNode[2 * leaves[t] - 1];
            var categories = new List<int>();
            // Nodes whose right child is still to come, innermost last.
            var open = new Stack<int>();
            for (var n = 0; n < nodes.Length; n++)
            {
                if (n > 0 && (shape[(int)((bit - 1) >> 3)] >> (int)((bit - 1) & 7) & 1) == 0)
                {
                    nodes[open.TryPop(out var parent) ? parent : throw structure.Error($"tree {t} ends before its last node")].Right = n;
                }

                ref var node = ref nodes[n];
                var isSplit = (shape[(int)(bit >> 3)] >> (int)(bit & 7) & 1) != 0;
                bit++;
                if (!isSplit)
                {
                    node = new TreeNode { Kind = SplitKind.Leaf, Value = Leaf(ref leaf, arithmetic, precision, step) };
                }
                else
                {
                    var s = slot.Number(slots.Length);
                    var r = rank.Number(mostKeys);
                    var code = hasKinds ? kinds.Byte() : kind;
                    node = new TreeNode { Kind = (SplitKind)(code & 15), Missing = (MissingKind)(code >> 4), Feature = slots.Length > 0 ? slots[s] : throw slot.Error("a split without features"), Left = n + 1 };
                    if (node.Kind is SplitKind.Leaf or > SplitKind.CategoriesLeft || node.Missing > MissingKind.None || split >> 3 >= directions.Length)
                    {
                        throw slot.Error($"the split {split} has the kind {code} or no default direction");
                    }

                    node.DefaultLeft = (directions[(int)(split >> 3)] >> (int)(split & 7) & 1) != 0;
                    split++;
                    if (node.Kind is SplitKind.CategoriesLeft or SplitKind.CategoriesRight)
                    {
                        node.CategoryStart = categories.Count;
                        node.CategoryCount = sets.Count("the number of categories", 4);
                        for (var c = 0; c < node.CategoryCount; c++)
                        {
                            categories.Add(sets.Integer());
                        }
                    }
                    else
                    {
                        node.Threshold = r < keys[s].Length ? keys[s][r] : throw rank.Error($"the rank {r} is outside the {keys[s].Length} thresholds of its feature");
                    }

                    open.Push(n);
                }

                if (hasStatistics)
                {
                    var (cover, extra) = (statistics.Single(), statistics.Integer());
                    node.Cover = float.IsFinite(cover) ? cover : 0;
                    (node.LeafId, node.Gain) = isSplit ? (0, BitConverter.Int32BitsToSingle(extra) is var gain && float.IsFinite(gain) ? gain : 0) : (extra, 0);
                }
            }

            trees[t] = new DecisionTree { Nodes = nodes, Categories = [.. categories] };
            if (trees[t].Validate(features) is { } error)
            {
                throw structure.Error($"tree {t}: {error}");
            }
        }

        return trees;
    }

    static double Leaf(ref SectionReader leaf, ForestArithmetic arithmetic, LeafPrecision precision, double step)
    {
        var value = precision switch
        {
            LeafPrecision.Int16 => BinaryPrimitives.ReadInt16LittleEndian(leaf.Take(2)) * step,
            LeafPrecision.Int8 => (sbyte)leaf.Byte() * step,
            _ => leaf.Real(arithmetic),
        };
        return arithmetic == ForestArithmetic.Single ? (float)value : value;
    }
}
