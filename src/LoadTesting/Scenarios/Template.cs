using System.Text;
using System.Text.Encodings.Web;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>How a value is written into its surroundings.</summary>
enum Escaping
{
    None,
    Url,
    Json,
}

/// <summary>
/// Text with <c>${name}</c> in it. Names: a variable, a feed (<c>${stock}</c>, <c>${stock.code}</c>), <c>${env.NAME}</c>,
/// <c>${user}</c>, <c>${iteration}</c>, <c>${random}</c> (0 to 999,999). <c>${name:raw}</c> is written without escaping, for numbers in JSON.
/// </summary>
sealed class Template
{
    readonly (string? Literal, string Name, bool Raw)[] _parts;
    readonly Escaping _escaping;

    Template((string?, string, bool)[] parts, Escaping escaping) => (_parts, _escaping) = (parts, escaping);

    /// <summary>The names that the text uses.</summary>
    public IEnumerable<string> Names => _parts.Where(p => p.Literal is null).Select(p => p.Name);

    public bool IsLiteral => _parts.All(p => p.Literal is not null);

    public static Template Parse(string text, Escaping escaping)
    {
        var parts = new List<(string?, string, bool)>();
        var at = 0;
        while (text.IndexOf("${", at, StringComparison.Ordinal) is >= 0 and var open && text.IndexOf('}', open) is >= 0 and var close)
        {
            if (open > at)
            {
                parts.Add((text[at..open], "", false));
            }

            var name = text[(open + 2)..close].Trim();
            var raw = name.EndsWith(":raw", StringComparison.Ordinal);
            parts.Add((null, raw ? name[..^4] : name, raw));
            at = close + 1;
        }

        if (at < text.Length)
        {
            parts.Add((text[at..], "", false));
        }

        return new Template([.. parts], escaping);
    }

    public string Render(FlowVariables variables)
    {
        if (_parts is [{ Literal: { } whole }])
        {
            return whole;
        }

        var text = new StringBuilder();
        Render(variables, text);
        return text.ToString();
    }

    public void Render(FlowVariables variables, StringBuilder text)
    {
        foreach (var (literal, name, raw) in _parts)
        {
            text.Append(literal ?? Escape(variables.Value(name), raw ? Escaping.None : _escaping));
        }
    }

    static string Escape(string value, Escaping escaping) => escaping switch
    {
        Escaping.Url => Uri.EscapeDataString(value),
        Escaping.Json => JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value),
        _ => value,
    };
}
