using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Fettle.Forests.Formats;

/// <summary>Reads what <see cref="FettleWriter"/> writes; the checksum is compared before anything else is looked at.</summary>
internal sealed class FettleReader
{
    const int MaxFeatures = 1 << 24;

    readonly string _file;
    readonly ReadOnlyMemory<byte> _bytes;
    readonly Dictionary<string, (int Start, int Length)> _sections = [];

    FettleReader(string file, ReadOnlyMemory<byte> bytes) => (_file, _bytes) = (file, bytes);

    public static bool Accepts(ReadOnlySpan<byte> bytes) => bytes.StartsWith(FettleWriter.Magic);

    /// <summary>Nothing of <paramref name="bytes"/> is kept, so a mapping may end when this returns.</summary>
    public static ForestModel Read(string file, ReadOnlyMemory<byte> bytes)
    {
        var length = bytes.Length - FettleWriter.HashLength;
        if (length < FettleWriter.Magic.Length || !SHA256.HashData(bytes.Span[..length]).AsSpan().SequenceEqual(bytes.Span[length..]))
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
            var tag = Encoding.ASCII.GetString(_bytes.Span.Slice(at, 4));
            var length = BinaryPrimitives.ReadInt32LittleEndian(_bytes.Span[(at + 4)..]);
            if (length < 0 || length > end - at - 8 || !_sections.TryAdd(tag, (at + 8, length)))
            {
                throw new ModelFormatException($"the section '{tag}' of {length} bytes does not fit or is given twice", _file, $"byte {at}");
            }

            at += 8 + (length + 7 & ~7);
        }
    }

    internal bool Has(string tag) => _sections.ContainsKey(tag);

    internal SectionReader Section(string tag) => _sections.TryGetValue(tag, out var place)
        ? new SectionReader(_file, tag, _bytes.Span.Slice(place.Start, place.Length), place.Start)
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
            Trees = new FettleTreeReader(this, arithmetic, precision, kind, slots, mostKeys, ReadKeys(arithmetic, slots.Length)).Read(trees, features),
            TreeMargins = groups,
            LinearWeights = Has("LINR") ? ReadLinear(features, margins) : [],
        };
    }

    double[][] ReadKeys(ForestArithmetic arithmetic, int slots)
    {
        var section = Section("KEYS");
        var keys = new double[slots][];
        for (var s = 0; s < slots; s++)
        {
            keys[s] = new double[section.Count("the number of thresholds", arithmetic == ForestArithmetic.Single ? 4 : 8)];
            for (var k = 0; k < keys[s].Length; k++)
            {
                keys[s][k] = section.Real(arithmetic);
            }
        }

        return keys;
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
}
