using System.Buffers;

namespace Fettle.Databases.Sql;

/// <summary>
/// Cuts SQL of SQLite and PostgreSQL into tokens. Comments vanish. It never fails: an unclosed quote runs to the end of the text,
/// an unknown character is a symbol, so that whatever a driver accepts can at least be recorded.
/// </summary>
internal static class SqlTokenizer
{
    static readonly SearchValues<char> OperatorCharacters = SearchValues.Create("<>=!~|&+-*/%^#@?");

    public static List<SqlToken> Read(string sql, DatabaseEngine engine)
    {
        var tokens = new List<SqlToken>(sql.Length / 5 + 4);
        var i = 0;
        while (i < sql.Length)
        {
            var c = sql[i];
            if (char.IsWhiteSpace(c) || c == '\uFEFF')
            {
                i++;
            }
            else if (c == '-' && At(sql, i + 1) == '-')
            {
                i = LineEnd(sql, i);
            }
            else if (c == '/' && At(sql, i + 1) == '*')
            {
                i = CommentEnd(sql, i, nested: engine == DatabaseEngine.Postgres);
            }
            else
            {
                var token = ReadOne(sql, i, engine, tokens);
                tokens.Add(token);
                i += token.Length;
            }
        }

        return tokens;
    }

    static SqlToken ReadOne(string sql, int i, DatabaseEngine engine, List<SqlToken> before)
    {
        var c = sql[i];
        var next = At(sql, i + 1);
        if (c == '\'')
        {
            return Cut(SqlTokenKind.String, sql, i, QuoteEnd(sql, i, '\'', backslash: false));
        }

        if (next == '\'' && (c is 'x' or 'X' or 'b' or 'B' or 'n' or 'N' or 'e' or 'E'))
        {
            return Cut(SqlTokenKind.String, sql, i, QuoteEnd(sql, i + 1, '\'', backslash: c is 'e' or 'E'));
        }

        if (c == '"' || (c == '`' && engine == DatabaseEngine.Sqlite))
        {
            return Name(sql, i, QuoteEnd(sql, i, c, backslash: false), c);
        }

        if (c == '[' && engine == DatabaseEngine.Sqlite)
        {
            var close = sql.IndexOf(']', i);
            var end = close < 0 ? sql.Length : close + 1;
            return new SqlToken(SqlTokenKind.QuotedName, sql[(i + 1)..(close < 0 ? end : end - 1)], i, end - i);
        }

        if (char.IsAsciiDigit(c) || (c == '.' && char.IsAsciiDigit(next)))
        {
            return Cut(SqlTokenKind.Number, sql, i, NumberEnd(sql, i));
        }

        if (IsNameStart(c))
        {
            return Cut(SqlTokenKind.Word, sql, i, NameEnd(sql, i));
        }

        if (c == '$' && engine == DatabaseEngine.Postgres && !char.IsAsciiDigit(next) && DollarQuoteEnd(sql, i) is var dollar and > 0)
        {
            return Cut(SqlTokenKind.String, sql, i, dollar);
        }

        if ((c is '@' or '$' && (IsNameStart(next) || char.IsAsciiDigit(next))) || (c == ':' && IsNameStart(next) && !(engine == DatabaseEngine.Postgres && InSlice(before))))
        {
            return Cut(SqlTokenKind.Parameter, sql, i, NameEnd(sql, i + 1));
        }

        if (c == '?' && engine == DatabaseEngine.Sqlite)
        {
            var end = i + 1;
            while (char.IsAsciiDigit(At(sql, end)))
            {
                end++;
            }

            return Cut(SqlTokenKind.Parameter, sql, i, end);
        }

        if (c == ':' && next == ':')
        {
            return Cut(SqlTokenKind.Symbol, sql, i, i + 2);
        }

        return Cut(SqlTokenKind.Symbol, sql, i, OperatorCharacters.Contains(c) ? OperatorEnd(sql, i) : i + 1);
    }

    /// <summary>Inside <c>a[1:n]</c> a colon separates bounds.</summary>
    static bool InSlice(List<SqlToken> before)
    {
        for (var i = before.Count - 1; i >= 0 && before.Count - i < 8; i--)
        {
            if (before[i].IsSymbol("]"))
            {
                return false;
            }

            if (before[i].IsSymbol("["))
            {
                return true;
            }
        }

        return false;
    }

    static int OperatorEnd(string sql, int i)
    {
        var end = i + 1;
        while (end < sql.Length && OperatorCharacters.Contains(sql[end]))
        {
            // A comment, a sign or a parameter after an operator is not part of it.
            var pair = (sql[end - 1], sql[end]);
            if (sql[end] == '-' || (sql[end] == '/' && At(sql, end + 1) == '*') || sql[end] == '+' || (sql[end] is '@' or '?' && !IsArrayOperator(pair)))
            {
                break;
            }

            end++;
        }

        if (sql[i] == '-' && At(sql, i + 1) == '>')
        {
            return At(sql, i + 2) == '>' ? i + 3 : i + 2;
        }

        return end;
    }

    static bool IsArrayOperator((char First, char Second) pair) => pair is ('@', '@') or ('@', '?') or ('<', '@') or ('?', '?');

    static bool IsNameStart(char c) => char.IsLetter(c) || c == '_' || c >= 0x80;

    static int NameEnd(string sql, int i)
    {
        while (i < sql.Length && (char.IsLetterOrDigit(sql[i]) || sql[i] is '_' or '$' || sql[i] >= 0x80))
        {
            i++;
        }

        return i;
    }

    static int NumberEnd(string sql, int i)
    {
        if (sql[i] == '0' && At(sql, i + 1) is 'x' or 'X')
        {
            i += 2;
            while (char.IsAsciiHexDigit(At(sql, i)))
            {
                i++;
            }

            return i;
        }

        while (char.IsAsciiDigit(At(sql, i)) || At(sql, i) == '.')
        {
            i++;
        }

        if (At(sql, i) is 'e' or 'E')
        {
            var sign = At(sql, i + 1) is '+' or '-' ? 2 : 1;
            if (char.IsAsciiDigit(At(sql, i + sign)))
            {
                i += sign;
                while (char.IsAsciiDigit(At(sql, i)))
                {
                    i++;
                }
            }
        }

        return i;
    }

    /// <summary>One past the closing quote; a doubled quote stands for itself.</summary>
    static int QuoteEnd(string sql, int i, char quote, bool backslash)
    {
        for (i++; i < sql.Length; i++)
        {
            if (backslash && sql[i] == '\\')
            {
                i++;
            }
            else if (sql[i] == quote)
            {
                if (At(sql, i + 1) != quote)
                {
                    return i + 1;
                }

                i++;
            }
        }

        return sql.Length;
    }

    static int DollarQuoteEnd(string sql, int i)
    {
        var tag = i + 1;
        while (tag < sql.Length && (char.IsLetterOrDigit(sql[tag]) || sql[tag] == '_'))
        {
            tag++;
        }

        if (At(sql, tag) != '$')
        {
            return 0;
        }

        var close = sql.IndexOf(sql[i..(tag + 1)], tag + 1, StringComparison.Ordinal);
        return close < 0 ? sql.Length : close + tag + 1 - i;
    }

    static int LineEnd(string sql, int i)
    {
        var end = sql.AsSpan(i).IndexOfAny('\n', '\r');
        return end < 0 ? sql.Length : i + end;
    }

    static int CommentEnd(string sql, int i, bool nested)
    {
        var depth = 1;
        for (i += 2; i < sql.Length; i++)
        {
            if (sql[i] == '*' && At(sql, i + 1) == '/')
            {
                i++;
                if (--depth == 0)
                {
                    return i + 1;
                }
            }
            else if (nested && sql[i] == '/' && At(sql, i + 1) == '*')
            {
                i++;
                depth++;
            }
        }

        return sql.Length;
    }

    static SqlToken Name(string sql, int start, int end, char quote)
    {
        var closed = end - start >= 2 && sql[end - 1] == quote;
        var text = sql[(start + 1)..(closed ? end - 1 : end)].Replace(new string(quote, 2), quote.ToString(), StringComparison.Ordinal);
        return new SqlToken(SqlTokenKind.QuotedName, text, start, end - start);
    }

    static SqlToken Cut(SqlTokenKind kind, string sql, int start, int end) => new(kind, sql[start..end], start, end - start);

    static char At(string sql, int i) => i < sql.Length ? sql[i] : '\0';
}
