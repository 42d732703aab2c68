namespace Fettle.Databases.Sql;

/// <summary>Reads one comparison and adds it to the table whose column it restricts, on either side.</summary>
internal sealed class PredicateReader(
    List<SqlToken> tokens, int start, int end, Func<int, int, (TableUse? Use, string Column)> column, Func<int, int, int> close)
{
    static readonly string[] VolatileWords =
        ["NOW", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIMESTAMP", "RANDOM", "CLOCK_TIMESTAMP", "STATEMENT_TIMESTAMP", "CURRENT_USER", "SESSION_USER", "UUID_GENERATE_V4", "GEN_RANDOM_UUID", "RANDOMBLOB", "TIMEOFDAY"];

    public void Read(bool inOr)
    {
        var negated = start < end && tokens[start].IsWord("NOT");
        if (negated)
        {
            return; // An index rarely serves a negation, and the planner would not ask for it.
        }

        for (var i = start; i < end; i++)
        {
            var token = tokens[i];
            if (token.IsSymbol("("))
            {
                i = Math.Min(close(i, end), end - 1);
            }
            else if (token.Kind == SqlTokenKind.Symbol && token.Text is "=" or "==" or "<" or ">" or "<=" or ">=" or "@>" or "&&" or "?" or "@@" or "<@")
            {
                Compare(i, i + 1, token.Text == "==" ? "=" : token.Text, inOr);
                return;
            }
            else if (token.IsWord("IS"))
            {
                var not = i + 1 < end && tokens[i + 1].IsWord("NOT");
                if (i + (not ? 2 : 1) < end && tokens[i + (not ? 2 : 1)].IsWord("NULL"))
                {
                    Add(start, i, not ? PredicateKind.NotNull : PredicateKind.IsNull, not ? "IS NOT NULL" : "IS NULL", -1, inOr);
                }

                return;
            }
            else if (token.IsWord("NOT"))
            {
                return;
            }
            else if (token.IsWord("IN"))
            {
                Add(start, i, PredicateKind.In, "IN", i + 1, inOr);
                return;
            }
            else if (token.IsWord("LIKE") || token.IsWord("GLOB"))
            {
                Add(start, i, PredicateKind.Like, token.Text.ToUpperInvariant(), i + 1, inOr);
                return;
            }
            else if (token.IsWord("BETWEEN"))
            {
                var and = Enumerable.Range(i, end - i).FirstOrDefault(t => tokens[t].IsWord("AND"), -1);
                if (and > 0)
                {
                    Add(start, i, PredicateKind.Range, ">=", i + 1, inOr, and);
                    Add(start, i, PredicateKind.Range, "<=", and + 1, inOr);
                }

                return;
            }
        }

        // A bare column is a truth value: WHERE active.
        if (column(start, end) is var (use, name) && use is not null)
        {
            use.Predicates.Add(new ColumnPredicate(name, PredicateKind.NotNull, "IS TRUE", null, null, inOr));
        }
    }

    void Compare(int op, int right, string symbol, bool inOr)
    {
        // (a, b) > (x, y): the row comparison restricts its first column by range.
        if (tokens[start].IsSymbol("(") && close(start, op) == op - 1 && symbol != "=")
        {
            var comma = Enumerable.Range(start, op - start).FirstOrDefault(t => tokens[t].IsSymbol(","), -1);
            if (comma > 0)
            {
                if (column(start + 1, comma) is var (first, firstName) && first is not null)
                {
                    first.Predicates.Add(new ColumnPredicate(firstName, PredicateKind.Range, symbol, null, null, inOr));
                }

                return;
            }
        }

        var left = column(start, op);
        var other = column(right, end);
        if (left.Use is not null && other.Use is not null && symbol == "=")
        {
            if (left.Use != other.Use)
            {
                left.Use.Predicates.Add(new ColumnPredicate(left.Column, PredicateKind.Join, "=", null, null, inOr) { JoinedTo = $"{other.Use.Alias}.{other.Column}" });
                other.Use.Predicates.Add(new ColumnPredicate(other.Column, PredicateKind.Join, "=", null, null, inOr) { JoinedTo = $"{left.Use.Alias}.{left.Column}" });
            }

            return;
        }

        var kind = symbol switch
        {
            "=" => PredicateKind.Equal,
            "<" or ">" or "<=" or ">=" => PredicateKind.Range,
            _ => PredicateKind.Contains,
        };
        if (right < end && symbol == "=" && (tokens[right].IsWord("ANY") || tokens[right].IsWord("SOME")))
        {
            kind = PredicateKind.In;
        }

        Add(start, op, kind, symbol, right, inOr);
        if (kind != PredicateKind.In)
        {
            AddSide(right, end, kind, Mirror(symbol), start, op, inOr);
        }
    }

    void Add(int from, int to, PredicateKind kind, string symbol, int value, bool inOr, int valueEnd = -1) =>
        AddSide(from, to, kind, symbol, value, valueEnd < 0 ? end : valueEnd, inOr);

    /// <summary>The indexed side is a column, or an expression over exactly one column; the other side must not name columns of the same table use.</summary>
    void AddSide(int from, int to, PredicateKind kind, string symbol, int value, int valueEnd, bool inOr)
    {
        var (use, name) = column(from, to);
        string? expression = null;
        if (use is null)
        {
            (use, name) = OnlyColumn(from, to);
            if (use is null || Volatile(from, to))
            {
                return;
            }

            expression = Text(from, to);
        }

        if (value >= 0 && OnlyColumn(value, valueEnd).Use == use)
        {
            return;
        }

        // a = @x COLLATE NOCASE: only an index in that collation serves it.
        if (value >= 0 && valueEnd - value >= 3 && tokens[valueEnd - 2].IsWord("COLLATE") && tokens[valueEnd - 1].IsName)
        {
            expression ??= $"{SqlKeywords.Quote(name)} COLLATE {SqlKeywords.Quote(tokens[valueEnd - 1].Text)}";
            valueEnd -= 2;
        }

        var single = value >= 0 && valueEnd - value == 1 && (tokens[value].IsLiteral || tokens[value].Kind == SqlTokenKind.Parameter || tokens[value].IsWord("TRUE") || tokens[value].IsWord("FALSE"));
        var list = kind == PredicateKind.In && value >= 0 && valueEnd - value >= 3 && tokens[value].IsSymbol("(") && (tokens[value + 1].IsLiteral || tokens[value + 1].Kind == SqlTokenKind.Parameter);
        var any = kind == PredicateKind.In && value >= 0 && valueEnd - value == 4 && tokens[value + 2].Kind == SqlTokenKind.Parameter;
        use.Predicates.Add(new ColumnPredicate(name, kind, symbol, single ? tokens[value].Text : list ? Text(value, valueEnd) : any ? tokens[value + 2].Text : null, expression, inOr)
        {
            Volatile = value >= 0 && Volatile(value, valueEnd),
        });
    }

    (TableUse? Use, string Column) OnlyColumn(int from, int to)
    {
        (TableUse? Use, string Column) found = (null, "");
        for (var i = from; i < to; i++)
        {
            if (tokens[i].IsWord("SELECT"))
            {
                return (null, "");
            }

            if (!tokens[i].IsName || (i + 1 < to && (tokens[i + 1].IsSymbol(".") || tokens[i + 1].IsSymbol("("))))
            {
                continue;
            }

            var first = i >= from + 2 && tokens[i - 1].IsSymbol(".") ? i - 2 : i;
            var one = column(first, i + 1);
            if (one.Use is null)
            {
                continue;
            }

            if (found.Use is not null && found != one)
            {
                return (null, "");
            }

            found = one;
        }

        return found;
    }

    public static bool NamesVolatile(List<SqlToken> tokens) => NamesVolatile(tokens, 0, tokens.Count);

    bool Volatile(int from, int to) => NamesVolatile(tokens, from, to);

    static bool NamesVolatile(List<SqlToken> tokens, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            if ((tokens[i].Kind == SqlTokenKind.Word && Array.Exists(VolatileWords, w => tokens[i].IsWord(w)))
                || (tokens[i].Kind == SqlTokenKind.String && tokens[i].Text.Equals("'now'", StringComparison.OrdinalIgnoreCase)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The expression as a stored definition must say it: without the alias of the query.</summary>
    string Text(int from, int to)
    {
        var text = new System.Text.StringBuilder();
        for (var i = from; i < to; i++)
        {
            if (i + 1 < to && tokens[i].IsName && tokens[i + 1].IsSymbol(".") && column(i, i + 3).Use is not null)
            {
                i++;
                continue;
            }

            var token = tokens[i];
            if (text.Length > 0 && !(token.Kind == SqlTokenKind.Symbol && token.Text is ")" or "," or "(" or "::") && !(text[^1] is '(' or ':'))
            {
                text.Append(' ');
            }

            text.Append(token.Kind == SqlTokenKind.QuotedName ? SqlKeywords.Quote(token.Text) : token.Text);
        }

        return text.ToString();
    }

    static string Mirror(string symbol) => symbol switch
    {
        "<" => ">",
        ">" => "<",
        "<=" => ">=",
        ">=" => "<=",
        "@>" => "<@",
        "<@" => "@>",
        _ => symbol,
    };
}
