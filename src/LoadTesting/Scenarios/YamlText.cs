using System.Globalization;
using System.Text;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Writes text into scenario files.</summary>
public static class YamlText
{
    /// <summary>The text as a double-quoted YAML scalar: whatever it holds, reading gives the same text.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                < ' ' or (>= '\x7f' and <= '\xa0') or '\u2028' or '\u2029' or '\ufeff' => quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>The text with <c>${</c> written so that it means itself and not a value.</summary>
    public static string Literal(string text) => text.Replace("${", "$${", StringComparison.Ordinal);
}
