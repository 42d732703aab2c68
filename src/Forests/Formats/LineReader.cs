using System.Text;

namespace Fettle.Forests.Formats;

/// <summary>Lines of a text file, with the number of the current one for errors.</summary>
internal sealed class LineReader
{
    readonly string _file;
    readonly byte[] _bytes;
    int _next;

    public LineReader(string file, byte[] bytes)
    {
        (_file, _bytes) = (file, bytes);
        Next();
    }

    public int Number { get; private set; }

    public string Current { get; private set; } = "";

    public bool AtEnd { get; private set; }

    public void Next()
    {
        if (_next >= _bytes.Length)
        {
            (AtEnd, Current) = (true, "");
            return;
        }

        var rest = _bytes.AsSpan(_next);
        var length = rest.IndexOf((byte)'\n');
        var line = length < 0 ? rest : rest[..length];
        Current = Encoding.UTF8.GetString(line).TrimEnd('\r');
        _next += length < 0 ? rest.Length : length + 1;
        Number++;
    }

    public void SkipBlank()
    {
        while (!AtEnd && Current.Length == 0)
        {
            Next();
        }
    }

    public ModelFormatException Error(string message) => At(Number, message);

    public ModelFormatException At(int line, string message) => new(message, _file, $"line {line}");

    public static string Clip(string text) => text.Length <= 60 ? text : text[..60] + "…";
}
