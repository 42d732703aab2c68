using System.Globalization;
using System.Text;
using System.Text.Json;
using Fettle.Databases.Sql;

namespace Fettle.Databases.Postgres;

/// <summary>Puts recorded values in the place of parameters, so that a statement can be explained with what it really asks.</summary>
internal static class PostgresLiterals
{
    /// <summary>The statement with literals, or null when a parameter has no recorded value.</summary>
    public static string? Substitute(string sql, IReadOnlyDictionary<string, JsonElement>? sample)
    {
        var text = new StringBuilder(sql.Length);
        var from = 0;
        foreach (var token in SqlTokenizer.Read(sql, DatabaseEngine.Postgres))
        {
            if (token.Kind != SqlTokenKind.Parameter)
            {
                continue;
            }

            if (sample is null || !sample.TryGetValue(token.Text[1..], out var value))
            {
                return null;
            }

            text.Append(sql, from, token.Start - from).Append(Literal(value));
            from = token.Start + token.Length;
        }

        return text.Append(sql, from, sql.Length - from).ToString();
    }

    /// <summary>The statement with numbered parameters, and how many there are: for a generic plan.</summary>
    public static (string Sql, int Count) Number(string sql)
    {
        var text = new StringBuilder(sql.Length);
        var numbers = new Dictionary<string, int>();
        var from = 0;
        foreach (var token in SqlTokenizer.Read(sql, DatabaseEngine.Postgres))
        {
            if (token.Kind != SqlTokenKind.Parameter)
            {
                continue;
            }

            if (!numbers.TryGetValue(token.Text, out var number))
            {
                numbers[token.Text] = number = numbers.Count + 1;
            }

            text.Append(sql, from, token.Start - from).Append(CultureInfo.InvariantCulture, $"${number}");
            from = token.Start + token.Length;
        }

        return (text.Append(sql, from, sql.Length - from).ToString(), numbers.Count);
    }

    static string Literal(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => "NULL",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.Array => Quote("{" + string.Join(',', value.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String ? "\"" + e.GetString()!.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"" : e.ValueKind == JsonValueKind.Null ? "NULL" : e.GetRawText())) + "}"),
        _ => Quote(value.GetString()!),
    };

    static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
