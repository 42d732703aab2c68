using System.Globalization;

namespace Fettle.Forests.Formats;

/// <summary>The <c>key=value</c> lines up to a blank line; a bare word is a key with no value.</summary>
internal sealed class LightGbmSection
{
    readonly Dictionary<string, (string Value, int Line)> _fields = [];
    readonly LineReader _lines;
    readonly int _start;

    LightGbmSection(LineReader lines) => (_lines, _start) = (lines, lines.Number);

    public static LightGbmSection Read(LineReader lines)
    {
        var section = new LightGbmSection(lines);
        while (!lines.AtEnd && lines.Current.Length > 0 && lines.Current != "end of trees" && !lines.Current.StartsWith("Tree=", StringComparison.Ordinal))
        {
            var equals = lines.Current.IndexOf('=');
            var name = equals < 0 ? lines.Current : lines.Current[..equals];
            if (!section._fields.TryAdd(name, (equals < 0 ? "" : lines.Current[(equals + 1)..], lines.Number)))
            {
                throw lines.Error($"'{LineReader.Clip(name)}' is given twice");
            }

            lines.Next();
        }

        return section;
    }

    public bool Has(string name) => _fields.ContainsKey(name);

    public string Text(string name, string? missing = null) => _fields.TryGetValue(name, out var field) ? field.Value
        : missing ?? throw _lines.At(_start, $"the field '{name}' is missing in the section that starts here");

    public string[] Texts(string name) => Text(name, "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    public ModelFormatException Error(string name, string message) =>
        _lines.At(_fields.TryGetValue(name, out var field) ? field.Line : _start, message);

    public int Integer(string name, int lowest, int highest, int? missing = null)
    {
        if (missing is not null && !Has(name))
        {
            return missing.Value;
        }

        var text = Text(name);
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= lowest && value <= highest
            ? value
            : throw Error(name, $"'{name}' is '{LineReader.Clip(text)}'; allowed: {lowest} to {highest}");
    }

    public int[] Integers(string name, int length) => Parse<int>(name, length, static t =>
        int.TryParse(t, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null);

    public uint[] Words(string name, int length) => Parse<uint>(name, length, static t =>
        uint.TryParse(t, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null);

    public double[] Doubles(string name, int length) => Parse(name, length, ParseDouble);

    static double? ParseDouble(string text) => text switch
    {
        "inf" or "+inf" or "Infinity" => double.PositiveInfinity,
        "-inf" or "-Infinity" => double.NegativeInfinity,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null,
    };

    T[] Parse<T>(string name, int length, Func<string, T?> parse) where T : struct
    {
        var texts = Text(name).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (texts.Length != length)
        {
            throw Error(name, $"'{name}' has {texts.Length} values; {length} are needed");
        }

        var values = new T[length];
        for (var i = 0; i < length; i++)
        {
            values[i] = parse(texts[i]) ?? throw Error(name, $"'{name}'[{i}] is '{LineReader.Clip(texts[i])}'; a number is needed");
        }

        return values;
    }
}
