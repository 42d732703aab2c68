using System.Text;

namespace Fettle.Databases.Sql;

/// <summary>
/// The shape of a statement: literals become <c>?</c>, a list of literals or parameters becomes <c>(?, ...)</c> or <c>(@first, ...)</c>,
/// keywords are upper case, comments and spare blanks go. Statements of one shape are counted together.
/// </summary>
internal static class SqlNormalizer
{
    public static string Normalize(string sql, DatabaseEngine engine) => Normalize(sql, SqlTokenizer.Read(sql, engine));

    public static string Normalize(string sql, List<SqlToken> tokens)
    {
        var text = new StringBuilder(sql.Length);
        var previous = default(SqlToken);
        for (var i = 0; i < tokens.Count; i++)
        {
            var token = tokens[i];
            if (token.IsSymbol(";") && i == tokens.Count - 1)
            {
                break;
            }

            if (text.Length > 0 && NeedsSpace(previous, token))
            {
                text.Append(' ');
            }

            if (token.IsSymbol("(") && ValueListEnd(tokens, i) is var end and > 0)
            {
                var first = tokens[i + 1];
                text.Append('(').Append(first.Kind == SqlTokenKind.Parameter ? first.Text : "?");
                text.Append(end - i > 2 ? ", ...)" : ")");
                i = end;
                previous = tokens[end];
                continue;
            }

            text.Append(token.Kind switch
            {
                SqlTokenKind.String or SqlTokenKind.Number => "?",
                SqlTokenKind.QuotedName => sql.AsSpan(token.Start, token.Length),
                SqlTokenKind.Word when SqlKeywords.IsReserved(token.Text) => token.Text.ToUpperInvariant(),
                _ => token.Text,
            });
            previous = token;
        }

        return text.ToString();
    }

    /// <summary>The index of the closing parenthesis when only literals or only parameters stand between, else 0; function calls with values are kept apart.</summary>
    static int ValueListEnd(List<SqlToken> tokens, int open)
    {
        if (open == 0 || !(tokens[open - 1].IsWord("IN") || tokens[open - 1].IsWord("VALUES")) || open + 1 >= tokens.Count)
        {
            return 0;
        }

        var kindOfFirst = tokens[open + 1].Kind == SqlTokenKind.Parameter;
        for (var i = open + 1; i < tokens.Count; i += 2)
        {
            if (i + 1 >= tokens.Count || !(tokens[i].IsLiteral || tokens[i].Kind == SqlTokenKind.Parameter) || (tokens[i].Kind == SqlTokenKind.Parameter) != kindOfFirst)
            {
                return 0;
            }

            if (tokens[i + 1].IsSymbol(")"))
            {
                return tokens[open - 1].IsWord("IN") ? i + 1 : 0;
            }

            if (!tokens[i + 1].IsSymbol(","))
            {
                return 0;
            }
        }

        return 0;
    }

    static bool NeedsSpace(SqlToken left, SqlToken right)
    {
        if (left.Kind == SqlTokenKind.Symbol && left.Text is "(" or "." or "::" or "[")
        {
            return false;
        }

        if (right.Kind == SqlTokenKind.Symbol)
        {
            return right.Text switch
            {
                "," or ")" or "." or ";" or "::" or "[" or "]" => false,
                "(" => left.Kind is SqlTokenKind.Symbol || (left.Kind == SqlTokenKind.Word && SqlKeywords.IsReserved(left.Text)),
                _ => true,
            };
        }

        return true;
    }
}
