namespace Fettle.Forests.Formats;

/// <summary>What a node of a JSON or UBJSON document is.</summary>
internal enum DocumentKind : byte
{
    Object,
    Array,

    /// <summary>An array of numbers only; its elements stay in the file's bytes until they are asked for.</summary>
    Numbers,
    Number,
    String,
    Boolean,
    Null,
}

/// <summary>The bytes of a document and how its numbers are read.</summary>
internal abstract class DocumentSource(string file, byte[] bytes)
{
    public string File { get; } = file;

    public byte[] Bytes { get; } = bytes;

    /// <summary>float32 straight from the file's form: text is rounded once, not through float64.</summary>
    public abstract float ReadSingle(int offset, byte marker);

    public abstract double ReadDouble(int offset, byte marker);

    public abstract long ReadInteger(int offset, byte marker);

    public ModelFormatException Error(long position, string message, Exception? inner = null) => new(message, File, $"byte {position}", inner);
}

/// <summary>A node of a parsed document. Every accessor fails with file, byte and field name.</summary>
internal sealed class DocumentNode(DocumentSource source, DocumentKind kind, int position)
{
    public DocumentKind Kind { get; } = kind;

    public int Position { get; } = position;

    public List<(string Name, DocumentNode Value)> Members { get; } = kind == DocumentKind.Object ? [] : Empty;

    public List<DocumentNode> Items { get; } = kind == DocumentKind.Array ? [] : None;

    /// <summary>Offsets of the elements, or null when they lie <see cref="Stride"/> apart.</summary>
    public int[]? Offsets { get; init; }

    public int Count { get; init; }

    public int Stride { get; init; }

    /// <summary>UBJSON type marker of the number or of all elements; 0 when each element carries its own, or in JSON.</summary>
    public byte Marker { get; init; }

    public string Text { get; init; } = "";

    public bool Truth { get; init; }

    static readonly List<(string, DocumentNode)> Empty = [];
    static readonly List<DocumentNode> None = [];

    public DocumentNode? Find(string name)
    {
        foreach (var member in Members)
        {
            if (member.Name == name)
            {
                return member.Value;
            }
        }

        return null;
    }

    public DocumentNode Get(string name) => Find(name) ?? throw Error($"the field '{name}' is missing");

    public ModelFormatException Error(string message, Exception? inner = null) => source.Error(Position, message, inner);

    public DocumentNode Expect(DocumentKind expected, string name) =>
        Kind == expected ? this : throw Error($"'{name}' is {Kind}; {expected} is needed");

    /// <summary>The elements of an array of objects; an empty array may have been read as numbers.</summary>
    public IReadOnlyList<DocumentNode> Elements(string name) => Kind switch
    {
        DocumentKind.Array => Items,
        DocumentKind.Numbers when Count == 0 => [],
        _ => throw Error($"'{name}' is {Kind}; an array is needed"),
    };

    public string GetText(string name) => Get(name).Expect(DocumentKind.String, name).Text;

    /// <summary>A number that the trainer may have written as text.</summary>
    public int GetInteger(string name, int lowest, int highest, int? missing = null)
    {
        var node = Find(name);
        if (node is null)
        {
            return missing ?? throw Error($"the field '{name}' is missing");
        }

        long value;
        if (node.Kind == DocumentKind.String)
        {
            if (!long.TryParse(node.Text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out value))
            {
                throw node.Error($"'{name}' is '{node.Text}'; a whole number is needed");
            }
        }
        else
        {
            value = source.ReadInteger(node.Expect(DocumentKind.Number, name).Position, node.Marker);
        }

        return value >= lowest && value <= highest ? (int)value : throw node.Error($"'{name}' is {value}; allowed: {lowest} to {highest}");
    }

    public float GetSingle(string name)
    {
        var node = Get(name).Expect(DocumentKind.Number, name);
        return source.ReadSingle(node.Position, node.Marker);
    }

    public float[] GetSingles(string name, int? length = null)
    {
        var node = Numbers(name, length);
        var values = new float[node.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = source.ReadSingle(node.Offset(i), node.Marker);
        }

        return values;
    }

    public int[] GetIntegers(string name, int? length = null)
    {
        var node = Numbers(name, length);
        var values = new int[node.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var value = source.ReadInteger(node.Offset(i), node.Marker);
            values[i] = value is >= int.MinValue and <= int.MaxValue ? (int)value : throw node.Error($"'{name}'[{i}] is {value}; it does not fit 32 bits");
        }

        return values;
    }

    /// <summary>0/1 numbers or true/false.</summary>
    public bool[] GetBooleans(string name, int length)
    {
        if (Get(name) is { Kind: DocumentKind.Array } list)
        {
            return list.Items.Count == length
                ? [.. list.Items.Select(i => i.Expect(DocumentKind.Boolean, name).Truth)]
                : throw list.Error($"'{name}' has {list.Items.Count} elements; {length} are needed");
        }

        return [.. GetIntegers(name, length).Select(i => i != 0)];
    }

    public string[] GetTexts(string name) => Find(name) is { } node
        ? [.. node.Elements(name).Select(i => i.Expect(DocumentKind.String, name).Text)]
        : [];

    DocumentNode Numbers(string name, int? length)
    {
        var node = Get(name);
        if (node.Kind == DocumentKind.Array && node.Items.Count == 0)
        {
            node = new DocumentNode(source, DocumentKind.Numbers, node.Position) { Offsets = [] };
        }

        node.Expect(DocumentKind.Numbers, name);
        return length is null || node.Count == length ? node : throw node.Error($"'{name}' has {node.Count} elements; {length} are needed");
    }

    int Offset(int index) => Offsets is null ? Position + index * Stride : Offsets[index];
}
