using Fettle.Databases.Schema;

namespace Fettle.Databases.Sql;

/// <summary>
/// Reads from a statement what an index could serve. A light parser: it walks SELECT blocks, resolves names against the schema,
/// splits conditions at AND and OR, and passes over what it does not know.
/// </summary>
internal sealed class QueryAnalyzer
{
    static readonly string[] Clauses = ["SELECT", "FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "RETURNING", "SET", "VALUES", "FOR"];
    readonly DatabaseSchema _schema;
    readonly List<SqlToken> _tokens;
    readonly List<TableUse> _uses = [];
    int _viewDepth;

    QueryAnalyzer(List<SqlToken> tokens, DatabaseSchema schema)
    {
        _tokens = tokens;
        _schema = schema;
    }

    public static AnalyzedQuery Analyze(string sql, DatabaseSchema schema)
    {
        var tokens = SqlTokenizer.Read(sql, schema.Engine);
        var analyzer = new QueryAnalyzer(tokens, schema);
        analyzer.Statement(0, tokens.Count, null);
        var parameters = tokens.Where(t => t.Kind == SqlTokenKind.Parameter).Select(t => t.Text).Distinct().ToList();
        return new AnalyzedQuery(SqlStatement.Analyze(tokens), analyzer._uses, parameters);
    }

    sealed class Scope(Scope? outer)
    {
        public Scope? Outer => outer;

        public List<TableUse> Uses { get; } = [];
    }

    /// <summary>A statement or a subquery: common tables first, then the parts of a compound.</summary>
    void Statement(int start, int end, Scope? outer)
    {
        if (start < end && _tokens[start].IsWord("EXPLAIN"))
        {
            start++;
        }

        if (start < end && _tokens[start].IsWord("WITH"))
        {
            var i = start + 1;
            while (i < end && !IsStatementStart(_tokens[i]))
            {
                if (_tokens[i].IsSymbol("("))
                {
                    var close = Close(i, end);
                    if (IsQuery(i + 1, close))
                    {
                        Statement(i + 1, close, outer);
                    }

                    i = close;
                }

                i++;
            }

            start = i;
        }

        var from = start;
        for (var i = start; i <= end; i++)
        {
            if (i == end || _tokens[i].IsSymbol(";") || _tokens[i].IsWord("UNION") || _tokens[i].IsWord("EXCEPT") || _tokens[i].IsWord("INTERSECT"))
            {
                Block(from, i, outer);
                from = i + 1;
                if (i < end && from < end && _tokens[from].IsWord("ALL"))
                {
                    from++;
                }
            }
            else if (_tokens[i].IsSymbol("("))
            {
                i = Math.Min(Close(i, end), end - 1);
            }
        }
    }

    void Block(int start, int end, Scope? outer)
    {
        if (start >= end)
        {
            return;
        }

        if (_tokens[start].IsSymbol("(") && Close(start, end) == end - 1)
        {
            Statement(start + 1, end - 1, outer);
            return;
        }

        var scope = new Scope(outer);
        var parts = Split(start, end);
        if (_tokens[start].IsWord("UPDATE") || _tokens[start].IsWord("DELETE") || _tokens[start].IsWord("INSERT") || _tokens[start].IsWord("REPLACE"))
        {
            Target(start, end, scope, parts);
        }

        if (parts.TryGetValue("FROM", out var source) && !_tokens[start].IsWord("DELETE"))
        {
            Sources(source.Start, source.End, scope);
        }

        if (parts.TryGetValue("WHERE", out var where))
        {
            Condition(where.Start, where.End, scope, inOr: false);
        }

        if (parts.TryGetValue("GROUP", out var group))
        {
            foreach (var (s, e) in SplitAt(group.Start + 1, group.End, ","))
            {
                if (Column(s, e, scope) is var (use, column) && use is not null)
                {
                    use.Group.Add(column);
                }
            }
        }

        if (parts.TryGetValue("ORDER", out var order))
        {
            Order(order.Start + 1, order.End, scope);
        }

        if (parts.TryGetValue("LIMIT", out var limit) && limit.Start < limit.End)
        {
            foreach (var use in scope.Uses)
            {
                use.Limit = _tokens[limit.Start].Text;
            }
        }

        References(start, end, scope);
        foreach (var use in scope.Uses)
        {
            _uses.Add(use);
        }
    }

    void Target(int start, int end, Scope scope, Dictionary<string, (int Start, int End)> parts)
    {
        var i = start + 1;
        if (_tokens[start].IsWord("UPDATE") && i + 1 < end && _tokens[i].IsWord("OR"))
        {
            i += 2;
        }
        else if (_tokens[start].IsWord("DELETE"))
        {
            i++;
        }
        else if (!_tokens[start].IsWord("UPDATE"))
        {
            // INSERT … SELECT: its select is a block of its own.
            var select = Enumerable.Range(start, end - start).FirstOrDefault(t => _tokens[t].IsWord("SELECT") || _tokens[t].IsWord("WITH"), -1);
            if (select > 0)
            {
                Statement(select, end, null);
                parts.Clear();
            }

            return;
        }

        TableName(ref i, end, scope);
    }

    /// <summary>The clauses of a block by their first word; positions exclude that word.</summary>
    Dictionary<string, (int Start, int End)> Split(int start, int end)
    {
        var parts = new Dictionary<string, (int, int)>(StringComparer.OrdinalIgnoreCase);
        string? current = null;
        var from = start;
        for (var i = start; i < end; i++)
        {
            if (_tokens[i].IsSymbol("("))
            {
                i = Math.Min(Close(i, end), end - 1);
            }
            else if (_tokens[i].Kind == SqlTokenKind.Word && Array.Exists(Clauses, c => _tokens[i].IsWord(c)) && !(_tokens[i].IsWord("FROM") && i > start && _tokens[i - 1].IsWord("DISTINCT") && current is "WHERE" or "HAVING"))
            {
                if (current is not null)
                {
                    parts.TryAdd(current, (from, i));
                }

                current = _tokens[i].Text.ToUpperInvariant();
                from = i + 1;
            }
        }

        if (current is not null)
        {
            parts.TryAdd(current, (from, end));
        }

        return parts;
    }

    /// <summary>FROM: names with aliases, joins with ON or USING, subqueries, groups in parentheses.</summary>
    void Sources(int start, int end, Scope scope)
    {
        for (var i = start; i < end;)
        {
            var token = _tokens[i];
            if (token.IsSymbol("("))
            {
                var close = Close(i, end);
                if (IsQuery(i + 1, close))
                {
                    Statement(i + 1, close, scope.Outer);
                }
                else
                {
                    Sources(i + 1, close, scope);
                }

                i = close + 1;
                SkipAlias(ref i, end);
            }
            else if (token.IsWord("ON"))
            {
                var stop = JoinEnd(i + 1, end);
                Condition(i + 1, stop, scope, inOr: false);
                i = stop;
            }
            else if (token.IsWord("USING") && i + 1 < end && _tokens[i + 1].IsSymbol("("))
            {
                var close = Close(i + 1, end);
                Using(i + 2, close, scope);
                i = close + 1;
            }
            else if (token.IsName && (token.Kind == SqlTokenKind.QuotedName || !SqlKeywords.IsReserved(token.Text)) && !token.IsWord("ONLY"))
            {
                TableName(ref i, end, scope);
            }
            else
            {
                i++;
            }
        }
    }

    void TableName(ref int i, int end, Scope scope)
    {
        while (i + 2 < end && _tokens[i + 1].IsSymbol("."))
        {
            i += 2;
        }

        if (i >= end)
        {
            return;
        }

        var name = _tokens[i].Text;
        i++;
        if (i < end && _tokens[i].IsSymbol("("))
        {
            i = Close(i, end) + 1;
            SkipAlias(ref i, end);
            return;
        }

        var alias = name;
        if (i < end && _tokens[i].IsWord("AS"))
        {
            i++;
        }

        if (i < end && _tokens[i].IsName && (_tokens[i].Kind == SqlTokenKind.QuotedName || (!SqlKeywords.IsReserved(_tokens[i].Text) && !_tokens[i].IsWord("INDEXED"))))
        {
            alias = _tokens[i].Text;
            i++;
        }

        if (_schema.Tables.TryGetValue(name, out var table))
        {
            scope.Uses.Add(new TableUse(table, alias));
        }
        else if (_schema.Views.TryGetValue(name, out var view) && _viewDepth < 8)
        {
            View(view, alias, scope);
        }
    }

    /// <summary>The tables behind a view: conditions on the view count for those of its tables that have the column.</summary>
    void View(ViewInfo view, string alias, Scope scope)
    {
        var tokens = SqlTokenizer.Read(view.Sql, _schema.Engine);
        var body = tokens.FindIndex(t => t.IsWord("SELECT") || t.IsWord("WITH"));
        if (body < 0)
        {
            return;
        }

        var inner = new QueryAnalyzer(tokens, _schema) { _viewDepth = _viewDepth + 1 };
        inner.Statement(body, tokens.Count, null);
        foreach (var use in inner._uses)
        {
            var seen = new TableUse(use.Table, alias) { AllColumns = use.AllColumns, InnerAlias = use.Alias };
            seen.Predicates.AddRange(use.Predicates);
            seen.Referenced.UnionWith(use.Referenced);
            inner.Rename(body, use, seen);
            scope.Uses.Add(seen);
        }
    }

    /// <summary>The view's <c>column AS name</c>: conditions on the name are conditions on the column.</summary>
    void Rename(int select, TableUse use, TableUse seen)
    {
        var from = Split(select, _tokens.Count).TryGetValue("SELECT", out var list) ? list : default;
        foreach (var (s, e) in SplitAt(from.Start, from.End, ","))
        {
            var last = e - s >= 3 && _tokens[e - 2].IsWord("AS") ? e - 2 : e;
            if (last < e && _tokens[e - 1].IsName && _tokens[last - 1].IsName && (last - s == 1 || (last - s == 3 && _tokens[s].Text.Equals(use.Alias, StringComparison.OrdinalIgnoreCase))) && use.Table.Column(_tokens[last - 1].Text) is { } column)
            {
                seen.Renamed.TryAdd(_tokens[e - 1].Text, column.Name);
            }
        }
    }

    void SkipAlias(ref int i, int end)
    {
        if (i < end && _tokens[i].IsWord("AS"))
        {
            i++;
        }

        if (i < end && _tokens[i].IsName && (_tokens[i].Kind == SqlTokenKind.QuotedName || !SqlKeywords.IsReserved(_tokens[i].Text)))
        {
            i++;
            if (i < end && _tokens[i].IsSymbol("("))
            {
                i = Close(i, end) + 1;
            }
        }
    }

    int JoinEnd(int i, int end)
    {
        for (; i < end; i++)
        {
            if (_tokens[i].IsSymbol("("))
            {
                i = Math.Min(Close(i, end), end - 1);
            }
            else if (_tokens[i].IsSymbol(",") || _tokens[i].IsWord("JOIN") || _tokens[i].IsWord("LEFT") || _tokens[i].IsWord("RIGHT") || _tokens[i].IsWord("INNER")
                || _tokens[i].IsWord("CROSS") || _tokens[i].IsWord("FULL") || _tokens[i].IsWord("NATURAL"))
            {
                return i;
            }
        }

        return end;
    }

    void Using(int start, int end, Scope scope)
    {
        for (var i = start; i < end; i++)
        {
            if (!_tokens[i].IsName)
            {
                continue;
            }

            var column = _tokens[i].Text;
            var uses = scope.Uses.Where(u => u.Table.Column(column) is not null).ToList();
            foreach (var use in uses)
            {
                var other = uses.Find(u => u != use);
                use.Predicates.Add(new ColumnPredicate(use.Table.Column(column)!.Name, PredicateKind.Join, "=", null, null, false) { JoinedTo = other is null ? null : $"{other.Alias}.{column}" });
                use.Referenced.Add(use.Table.Column(column)!.Name);
            }
        }
    }

    /// <summary>Splits at OR, then at AND outside BETWEEN; what remains is one comparison.</summary>
    void Condition(int start, int end, Scope scope, bool inOr)
    {
        var branches = SplitAt(start, end, "OR").ToList();
        if (branches.Count > 1)
        {
            foreach (var (s, e) in branches)
            {
                Condition(s, e, scope, inOr: true);
            }

            return;
        }

        var terms = SplitAt(start, end, "AND").ToList();
        if (terms.Count > 1)
        {
            foreach (var (s, e) in terms)
            {
                Condition(s, e, scope, inOr);
            }

            return;
        }

        if (start < end && _tokens[start].IsSymbol("(") && Close(start, end) == end - 1 && !IsQuery(start + 1, end - 1))
        {
            Condition(start + 1, end - 1, scope, inOr);
            return;
        }

        new PredicateReader(_tokens, start, end, (s, e) => Column(s, e, scope), Close).Read(inOr);
    }

    void Order(int start, int end, Scope scope)
    {
        foreach (var (s, e) in SplitAt(start, end, ","))
        {
            var last = e;
            var descending = false;
            while (last > s && (_tokens[last - 1].IsWord("ASC") || _tokens[last - 1].IsWord("DESC") || _tokens[last - 1].IsWord("NULLS") || _tokens[last - 1].IsWord("FIRST") || _tokens[last - 1].IsWord("LAST")))
            {
                last--;
                descending |= _tokens[last].IsWord("DESC");
            }

            var (use, column) = Column(s, last, scope);
            if (use is null)
            {
                return; // Later terms cannot be served without this one.
            }

            use.Order.Add((column, descending));
        }
    }

    /// <summary>The column that the tokens name, and nothing else; outer scopes count.</summary>
    (TableUse? Use, string Column) Column(int start, int end, Scope scope)
    {
        while (end - start >= 2 && _tokens[start].IsSymbol("(") && Close(start, end) == end - 1)
        {
            start++;
            end--;
        }

        if (end <= start || !_tokens[end - 1].IsName || (end - start) % 2 == 0 || end - start > 5)
        {
            return (null, "");
        }

        for (var i = start + 1; i < end; i += 2)
        {
            if (!_tokens[i].IsSymbol("."))
            {
                return (null, "");
            }
        }

        return Resolve(end - start > 1 ? _tokens[end - 3].Text : null, _tokens[end - 1].Text, scope);
    }

    static (TableUse? Use, string Column) Resolve(string? qualifier, string name, Scope? scope)
    {
        for (; scope is not null; scope = scope.Outer)
        {
            foreach (var use in scope.Uses)
            {
                if ((qualifier is null || use.Alias.Equals(qualifier, StringComparison.OrdinalIgnoreCase)) && use.Visible(name) is { } column)
                {
                    return (use, column.Name);
                }
            }
        }

        return (null, "");
    }

    /// <summary>Marks every column named in the block, and reads the subqueries in it.</summary>
    void References(int start, int end, Scope scope)
    {
        for (var i = start; i < end; i++)
        {
            var token = _tokens[i];
            if (token.IsSymbol("(") && i + 1 < end && IsQuery(i + 1, end))
            {
                var close = Close(i, end);
                if (!IsSource(i))
                {
                    Statement(i + 1, close, scope);
                }

                i = close;
            }
            else if (token.IsSymbol("*") && i == start + 1 && start >= 2 && _tokens[start - 1].IsSymbol("(") && _tokens[start - 2].IsWord("EXISTS"))
            {
                // EXISTS (SELECT * …) asks for no column.
            }
            else if (token.IsSymbol("*") && i > start && (i == start + 1 || _tokens[i - 1].IsSymbol(".") || _tokens[i - 1].IsSymbol(",") || _tokens[i - 1].IsWord("DISTINCT") || _tokens[i - 1].IsWord("ALL")))
            {
                var qualifier = _tokens[i - 1].IsSymbol(".") && i > 1 ? _tokens[i - 2].Text : null;
                foreach (var use in scope.Uses.Where(u => qualifier is null || u.Alias.Equals(qualifier, StringComparison.OrdinalIgnoreCase)))
                {
                    use.AllColumns = true;
                    use.Referenced.UnionWith(use.Table.Columns.Select(c => c.Name));
                }
            }
            else if (token.IsName && !(i + 1 < end && (_tokens[i + 1].IsSymbol(".") || (_tokens[i + 1].IsSymbol("(") && token.Kind == SqlTokenKind.Word))))
            {
                var qualifier = i > start + 1 && _tokens[i - 1].IsSymbol(".") ? _tokens[i - 2].Text : null;
                if (Resolve(qualifier, token.Text, scope) is var (use, column) && use is not null)
                {
                    use.Referenced.Add(column);
                }
            }
        }
    }

    /// <summary>Subqueries in FROM were read with the sources.</summary>
    bool IsSource(int open) => open > 0 && (_tokens[open - 1].IsWord("FROM") || _tokens[open - 1].IsWord("JOIN") || _tokens[open - 1].IsWord("LATERAL"));

    bool IsQuery(int start, int end) => start < end && (_tokens[start].IsWord("SELECT") || _tokens[start].IsWord("WITH") || (_tokens[start].IsSymbol("(") && IsQuery(start + 1, end)));

    static bool IsStatementStart(SqlToken token) => token.IsWord("SELECT") || token.IsWord("INSERT") || token.IsWord("UPDATE") || token.IsWord("DELETE") || token.IsWord("REPLACE");

    IEnumerable<(int Start, int End)> SplitAt(int start, int end, string separator)
    {
        var from = start;
        var between = 0;
        var cases = 0;
        for (var i = start; i < end; i++)
        {
            var token = _tokens[i];
            if (token.IsSymbol("("))
            {
                i = Math.Min(Close(i, end), end - 1);
            }
            else if (token.IsWord("CASE"))
            {
                cases++;
            }
            else if (token.IsWord("END"))
            {
                cases--;
            }
            else if (token.IsWord("BETWEEN"))
            {
                between++;
            }
            else if (token.IsWord("AND") && between > 0)
            {
                between--;
            }
            else if (cases == 0 && (separator == "," ? token.IsSymbol(",") : token.IsWord(separator)))
            {
                yield return (from, i);
                from = i + 1;
            }
        }

        yield return (from, end);
    }

    /// <summary>The matching parenthesis, or the end when there is none.</summary>
    int Close(int open, int end)
    {
        var depth = 0;
        for (var i = open; i < end; i++)
        {
            if (_tokens[i].IsSymbol("("))
            {
                depth++;
            }
            else if (_tokens[i].IsSymbol(")") && --depth == 0)
            {
                return i;
            }
        }

        return end;
    }
}
