using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Fettle.Forests.Formats;

/// <summary>
/// Reads JSON into <see cref="DocumentNode"/>s. Beside RFC 8259 it accepts <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c>, which XGBoost writes.
/// Memory is at most a small multiple of the file's size; nesting deeper than 64 is refused.
/// </summary>
internal sealed class JsonDocumentReader : DocumentSource
{
    const int MaxDepth = 64;
    int _at;

    JsonDocumentReader(string file, byte[] bytes)
        : base(file, bytes)
    {
    }

    public static DocumentNode Read(string file, byte[] bytes)
    {
        var reader = new JsonDocumentReader(file, bytes);
        var root = reader.ReadValue(0);
        reader.SkipSpace();
        return reader._at == bytes.Length ? root : throw reader.Error(reader._at, "text follows the end of the document");
    }

    public override float ReadSingle(int offset, byte marker) =>
        float.TryParse(Token(offset), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : throw BadNumber(offset);

    public override double ReadDouble(int offset, byte marker) =>
        double.TryParse(Token(offset), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : throw BadNumber(offset);

    public override long ReadInteger(int offset, byte marker) =>
        long.TryParse(Token(offset), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : throw BadNumber(offset);

    ReadOnlySpan<byte> Token(int offset)
    {
        var end = offset;
        while (end < Bytes.Length && Bytes[end] is not ((byte)',' or (byte)']' or (byte)'}' or (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
        {
            end++;
        }

        return Bytes.AsSpan(offset, end - offset);
    }

    ModelFormatException BadNumber(int offset)
    {
        var token = Token(offset);
        return Error(offset, $"'{Encoding.UTF8.GetString(token[..Math.Min(token.Length, 40)])}' is not a number of the kind that is needed here");
    }

    DocumentNode ReadValue(int depth)
    {
        if (depth > MaxDepth)
        {
            throw Error(_at, $"the document is nested deeper than {MaxDepth}");
        }

        SkipSpace();
        var start = _at;
        switch (Peek())
        {
            case (byte)'{':
                return ReadObject(depth);
            case (byte)'[':
                return ReadArray(depth);
            case (byte)'"':
                return new DocumentNode(this, DocumentKind.String, start) { Text = ReadText() };
            case (byte)'t' when Take("true"):
                return new DocumentNode(this, DocumentKind.Boolean, start) { Truth = true };
            case (byte)'f' when Take("false"):
                return new DocumentNode(this, DocumentKind.Boolean, start);
            case (byte)'n' when Take("null"):
                return new DocumentNode(this, DocumentKind.Null, start);
            default:
                SkipNumber();
                return new DocumentNode(this, DocumentKind.Number, start);
        }
    }

    DocumentNode ReadObject(int depth)
    {
        var node = new DocumentNode(this, DocumentKind.Object, _at++);
        SkipSpace();
        if (Peek() == '}')
        {
            _at++;
            return node;
        }

        while (true)
        {
            SkipSpace();
            Expect('"');
            _at--;
            var name = ReadText();
            SkipSpace();
            Expect(':');
            node.Members.Add((name, ReadValue(depth + 1)));
            SkipSpace();
            if (Peek() == '}')
            {
                _at++;
                return node;
            }

            Expect(',');
        }
    }

    DocumentNode ReadArray(int depth)
    {
        var start = _at++;
        SkipSpace();
        if (IsNumberStart(Peek()))
        {
            return ReadNumbers(start);
        }

        var node = new DocumentNode(this, DocumentKind.Array, start);
        if (Peek() == ']')
        {
            _at++;
            return node;
        }

        while (true)
        {
            node.Items.Add(ReadValue(depth + 1));
            SkipSpace();
            if (Peek() == ']')
            {
                _at++;
                return node;
            }

            Expect(',');
        }
    }

    DocumentNode ReadNumbers(int start)
    {
        var offsets = new List<int>();
        while (true)
        {
            SkipSpace();
            offsets.Add(_at);
            SkipNumber();
            SkipSpace();
            if (Peek() == ']')
            {
                _at++;
                return new DocumentNode(this, DocumentKind.Numbers, start) { Offsets = [.. offsets], Count = offsets.Count };
            }

            Expect(',');
        }
    }

    static bool IsNumberStart(byte b) => b is (byte)'-' or (byte)'N' or (byte)'I' or (>= (byte)'0' and <= (byte)'9');

    void SkipNumber()
    {
        var token = Token(_at);
        if (token.IsEmpty || !IsNumberStart(token[0]) || !double.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
        {
            throw BadNumber(_at);
        }

        _at += token.Length;
    }

    string ReadText()
    {
        var start = _at++;
        var escaped = false;
        while (_at < Bytes.Length && Bytes[_at] != '"')
        {
            escaped |= Bytes[_at] == '\\';
            _at += Bytes[_at] == '\\' ? 2 : 1;
        }

        if (_at >= Bytes.Length)
        {
            throw Error(start, "the text is not closed; the file may be truncated");
        }

        _at++;
        try
        {
            return escaped
                ? JsonSerializer.Deserialize<string>(Bytes.AsSpan(start, _at - start))!
                : StrictUtf8.GetString(Bytes.AsSpan(start + 1, _at - start - 2));
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            throw Error(start, "the text is not valid JSON text in UTF-8", e);
        }
    }

    static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    void SkipSpace()
    {
        while (_at < Bytes.Length && Bytes[_at] is ((byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
        {
            _at++;
        }
    }

    byte Peek() => _at < Bytes.Length ? Bytes[_at] : throw Error(_at, "the file ends in the middle of the document");

    void Expect(char expected)
    {
        if (Peek() != expected)
        {
            throw Error(_at, $"'{(char)Bytes[_at]}' found where '{expected}' is needed");
        }

        _at++;
    }

    bool Take(string word)
    {
        foreach (var letter in word)
        {
            if (_at >= Bytes.Length || Bytes[_at] != letter)
            {
                throw Error(Math.Min(_at, Bytes.Length), $"'{word}' expected");
            }

            _at++;
        }

        return true;
    }
}
