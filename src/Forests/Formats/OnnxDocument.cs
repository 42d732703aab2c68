using System.Buffers.Binary;

namespace Fettle.Forests.Formats;

/// <summary>The parts of an ONNX model that a tree ensemble needs.</summary>
internal sealed class OnnxDocument
{
    public List<OnnxNode> Nodes { get; } = [];

    public Dictionary<string, string> Metadata { get; } = [];

    public string Producer { get; private set; } = "";

    /// <summary>Second dimension of the first input; 0 when it is not given.</summary>
    public int InputWidth { get; private set; }

    public Dictionary<string, double[]> Initializers { get; } = [];

    public static OnnxDocument Read(string file, byte[] bytes)
    {
        var document = new OnnxDocument();
        var reader = new WireReader(file, bytes, 0, bytes.Length);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 2:
                    document.Producer = reader.Text();
                    break;
                case 7:
                    document.ReadGraph(file, reader.Message());
                    break;
                case 14:
                    var (key, value) = Pair(reader.Message());
                    document.Metadata[key] = value;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return document;
    }

    static (string Key, string Value) Pair(WireReader reader)
    {
        var (key, value) = ("", "");
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                key = reader.Text();
            }
            else if (reader.Field == 2)
            {
                value = reader.Text();
            }
            else
            {
                reader.Skip();
            }
        }

        return (key, value);
    }

    void ReadGraph(string file, WireReader reader)
    {
        var inputs = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    Nodes.Add(OnnxNode.Read(file, reader.Message()));
                    break;
                case 5:
                    var (name, values, _) = ReadTensor(reader.Message());
                    Initializers[name] = values;
                    break;
                case 11 when inputs++ == 0:
                    InputWidth = Width(reader.Message());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    /// <summary>ValueInfo.type(2).tensor_type(1).shape(2).dim(1)[1].dim_value(1).</summary>
    static int Width(WireReader value)
    {
        if (Find(ref value, 2) && value.Message() is var type && Find(ref type, 1) && type.Message() is var tensor && Find(ref tensor, 2))
        {
            var shape = tensor.Message();
            if (Find(ref shape, 1))
            {
                shape.Skip();
                if (Find(ref shape, 1) && shape.Message() is var dimension && Find(ref dimension, 1) && dimension.Integer() is > 0 and <= 1 << 24 and var width)
                {
                    return (int)width;
                }
            }
        }

        return 0;
    }

    static bool Find(ref WireReader reader, int field)
    {
        while (reader.Next())
        {
            if (reader.Field == field)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    const int DoubleType = 11;

    internal static (string Name, double[] Values, bool IsDouble) ReadTensor(WireReader reader)
    {
        var name = "";
        long type = 1;
        var numbers = new List<double>();
        var integers = new List<long>();
        ReadOnlySpan<byte> raw = default;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 2:
                    type = reader.Integer();
                    break;
                case 4:
                    reader.Singles(numbers);
                    break;
                case 5 or 7:
                    reader.Integers(integers);
                    break;
                case 8:
                    name = reader.Text();
                    break;
                case 9:
                    raw = reader.Raw();
                    break;
                case 10:
                    reader.Doubles(numbers);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (numbers.Count == 0)
        {
            numbers.AddRange(integers.Select(i => (double)i));
        }

        var size = type switch { 1 => 4, DoubleType => 8, 2 => 1, 7 => 8, _ => 0 };
        if (raw.Length > 0 && (size == 0 || raw.Length % size != 0))
        {
            throw reader.Error($"the tensor '{name}' of type {type} with {raw.Length} raw bytes cannot be read; known: float, double, uint8, int64");
        }

        for (var i = 0; raw.Length > 0 && i < raw.Length; i += size)
        {
            numbers.Add(type switch
            {
                1 => BinaryPrimitives.ReadSingleLittleEndian(raw[i..]),
                DoubleType => BinaryPrimitives.ReadDoubleLittleEndian(raw[i..]),
                7 => BinaryPrimitives.ReadInt64LittleEndian(raw[i..]),
                _ => raw[i],
            });
        }

        return (name, [.. numbers], type == DoubleType);
    }
}

/// <summary>One operator and its attributes.</summary>
internal sealed class OnnxNode
{
    readonly string _file;
    readonly int _position;
    readonly Dictionary<string, (List<double> Numbers, List<long> Integers, List<string> Texts)> _attributes = [];
    readonly HashSet<string> _doubles = [];

    OnnxNode(string file, int position) => (_file, _position) = (file, position);

    public string Operator { get; private set; } = "";

    public List<string> Inputs { get; } = [];

    public static OnnxNode Read(string file, WireReader reader)
    {
        var node = new OnnxNode(file, reader.Position);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    node.Inputs.Add(reader.Text());
                    break;
                case 4:
                    node.Operator = reader.Text();
                    break;
                case 5:
                    node.ReadAttribute(reader.Message());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return node;
    }

    void ReadAttribute(WireReader reader)
    {
        var (name, inDouble) = ("", false);
        (List<double> Numbers, List<long> Integers, List<string> Texts) value = ([], [], []);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    name = reader.Text();
                    break;
                case 2 or 7:
                    reader.Singles(value.Numbers);
                    break;
                case 3 or 8:
                    reader.Integers(value.Integers);
                    break;
                case 4 or 9:
                    value.Texts.Add(reader.Text());
                    break;
                case 5:
                    var (_, numbers, isDouble) = OnnxDocument.ReadTensor(reader.Message());
                    value.Numbers.AddRange(numbers);
                    inDouble |= isDouble;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        _attributes[name] = value;
        if (inDouble)
        {
            _doubles.Add(name);
        }
    }

    public ModelFormatException Error(string message) => new(message, _file, $"byte {_position} ({Operator})");

    /// <summary>True for an attribute that is a tensor of float64.</summary>
    public bool IsDouble(string name) => _doubles.Contains(name);

    public bool Has(string name) => _attributes.ContainsKey(name);

    public long[] Integers(string name, int? length = null) =>
        Sized(name, _attributes.TryGetValue(name, out var value) ? value.Integers.ToArray() : [], length);

    public double[] Numbers(string name, int? length = null) =>
        Sized(name, _attributes.TryGetValue(name, out var value) ? value.Numbers.ToArray() : [], length);

    public string[] Texts(string name, int? length = null) =>
        Sized(name, _attributes.TryGetValue(name, out var value) ? value.Texts.ToArray() : [], length);

    public string Text(string name, string missing) => _attributes.TryGetValue(name, out var value) && value.Texts.Count == 1 ? value.Texts[0] : missing;

    public long Integer(string name, long missing) => _attributes.TryGetValue(name, out var value) && value.Integers.Count == 1 ? value.Integers[0] : missing;

    T[] Sized<T>(string name, T[] values, int? length) => length is null || values.Length == length
        ? values
        : throw Error($"'{name}' has {values.Length} values; {length} are needed");
}
