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
/// <c>$${</c> is a plain <c>${</c>.
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
        var plain = new StringBuilder();
        while (text.IndexOf("${", at, StringComparison.Ordinal) is >= 0 and var open)
        {
            if (open > at && text[open - 1] == '$')
            {
                plain.Append(text, at, open - 1 - at).Append("${");
                at = open + 2;
                continue;
            }

            if (text.IndexOf('}', open) is not (>= 0 and var close))
            {
                break;
            }

            plain.Append(text, at, open - at);
            Flush();
            var name = text[(open + 2)..close].Trim();
            var raw = name.EndsWith(":raw", StringComparison.Ordinal);
            parts.Add((null, raw ? name[..^4] : name, raw));
            at = close + 1;
        }

        plain.Append(text, at, text.Length - at);
        Flush();
        return new Template([.. parts], escaping);

        void Flush()
        {
            if (plain.Length > 0)
            {
                parts.Add((plain.ToString(), "", false));
                plain.Clear();
            }
        }
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
