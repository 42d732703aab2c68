namespace Fettle.Databases.Sql;

/// <summary>What a statement does to data.</summary>
internal enum SqlStatementKind
{
    Read,
    Write,
    Definition,
    Begin,
    Commit,
    Rollback,
    Other,
}

/// <summary>What the recorder and the data versions need of a statement: kind, tables it reads, tables it writes.</summary>
internal sealed record SqlStatement(SqlStatementKind Kind, string[] Tables, string[] WrittenTables)
{
    /// <summary>The text holds a transaction from beginning to end.</summary>
    public bool OwnTransaction { get; init; }

    /// <summary>Reads kind and tables of a text; several statements in one text are taken together.</summary>
    public static SqlStatement Analyze(List<SqlToken> tokens)
    {
        var kind = SqlStatementKind.Other;
        var tables = new SortedSet<string>(StringComparer.OrdinalIgnoreCase);
        var written = new SortedSet<string>(StringComparer.OrdinalIgnoreCase);
        var local = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var start = true;
        var begins = false;
        var commits = false;
        for (var i = 0; i < tokens.Count; i++)
        {
            var token = tokens[i];
            if (start)
            {
                var next = KindOf(tokens, i);
                begins |= next == SqlStatementKind.Begin;
                commits |= begins && next == SqlStatementKind.Commit;
                kind = Stronger(kind, next);
                start = false;
            }

            if (token.IsSymbol(";"))
            {
                start = true;
            }
            else if (token.Kind == SqlTokenKind.Word)
            {
                ReadWord(tokens, i, tables, written, local);
            }
        }

        tables.ExceptWith(local);
        written.ExceptWith(local);
        if (written.Count > 0 && kind == SqlStatementKind.Read)
        {
            kind = SqlStatementKind.Write; // WITH … AS (DELETE … RETURNING …) SELECT …
        }

        tables.UnionWith(written);
        return new SqlStatement(kind, [.. tables], [.. written]) { OwnTransaction = begins && commits };
    }

    static void ReadWord(List<SqlToken> tokens, int i, SortedSet<string> tables, SortedSet<string> written, HashSet<string> local)
    {
        var token = tokens[i];
        var next = i + 1;
        if (token.IsWord("FROM"))
        {
            var target = i > 0 && tokens[i - 1].IsWord("DELETE") ? written : tables;
            if (i == 0 || !InsideFunction(tokens, i))
            {
                ReadList(tokens, next, target);
            }
        }
        else if (token.IsWord("JOIN"))
        {
            AddName(tokens, next, tables);
        }
        else if (token.IsWord("USING") && i > 1 && written.Count > 0 && next < tokens.Count && tokens[next].IsName)
        {
            ReadList(tokens, next, tables);
        }
        else if (token.IsWord("INTO"))
        {
            AddName(tokens, next, written);
        }
        else if (token.IsWord("UPDATE") && !(i > 0 && (tokens[i - 1].IsWord("DO") || tokens[i - 1].IsWord("FOR") || tokens[i - 1].IsWord("ON"))))
        {
            if (next + 1 < tokens.Count && tokens[next].IsWord("OR"))
            {
                next += 2;
            }

            AddName(tokens, next, written);
        }
        else if (token.IsWord("TRUNCATE"))
        {
            AddName(tokens, next < tokens.Count && tokens[next].IsWord("TABLE") ? next + 1 : next, written);
        }
        else if (token.IsWord("COPY") && i == 0)
        {
            AddName(tokens, next, tokens.Exists(t => t.IsWord("FROM")) ? written : tables);
        }
        else if (token.IsWord("TABLE") && i > 0 && (tokens[i - 1].IsWord("ALTER") || tokens[i - 1].IsWord("DROP")))
        {
            AddName(tokens, next + 1 < tokens.Count && tokens[next].IsWord("IF") ? next + 2 : next, written);
        }
        else if (token.IsWord("AS") && i > 0 && tokens[0].IsWord("WITH") && IsCommonTable(tokens, i, out var name))
        {
            local.Add(name);
        }
    }

    /// <summary>A name, or names separated by commas, up to the next clause; subqueries are read by their own FROM.</summary>
    static void ReadList(List<SqlToken> tokens, int i, SortedSet<string> into)
    {
        var depth = 0;
        var expectName = true;
        for (; i < tokens.Count; i++)
        {
            var token = tokens[i];
            if (token.IsSymbol("("))
            {
                depth++;
            }
            else if (token.IsSymbol(")"))
            {
                if (--depth < 0)
                {
                    return;
                }

                expectName = false;
            }
            else if (depth == 0 && token.IsSymbol(","))
            {
                expectName = true;
            }
            else if (depth == 0 && token.Kind == SqlTokenKind.Word && SqlKeywords.IsReserved(token.Text) && !token.IsWord("AS"))
            {
                if (token.IsWord("LATERAL") || token.IsWord("USER"))
                {
                    continue;
                }

                return;
            }
            else if (depth == 0 && token.IsSymbol(";"))
            {
                return;
            }
            else if (depth == 0 && expectName && token.IsName)
            {
                if (token.IsWord("ONLY"))
                {
                    continue;
                }

                AddName(tokens, i, into);
                while (i + 2 < tokens.Count && tokens[i + 1].IsSymbol("."))
                {
                    i += 2;
                }

                expectName = false;
            }
        }
    }

    static void AddName(List<SqlToken> tokens, int i, SortedSet<string> into)
    {
        while (i < tokens.Count && (tokens[i].IsWord("ONLY") || tokens[i].IsWord("LATERAL") || tokens[i].IsWord("EXISTS")))
        {
            i++;
        }

        if (i >= tokens.Count || !tokens[i].IsName || (tokens[i].Kind == SqlTokenKind.Word && tokens[i].Text is "SELECT" or "select"))
        {
            return;
        }

        while (i + 2 < tokens.Count && tokens[i + 1].IsSymbol(".") && tokens[i + 2].IsName)
        {
            i += 2; // schema.table: the table names the version counter
        }

        if (i + 1 < tokens.Count && tokens[i + 1].IsSymbol("(") && !IsInsertTarget(tokens, i))
        {
            return; // a table function
        }

        into.Add(tokens[i].Text);
    }

    static bool IsInsertTarget(List<SqlToken> tokens, int i)
    {
        while (i >= 2 && tokens[i - 1].IsSymbol("."))
        {
            i -= 2;
        }

        return i > 0 && (tokens[i - 1].IsWord("INTO") || tokens[i - 1].IsWord("COPY"));
    }

    /// <summary>EXTRACT(x FROM y), SUBSTRING(x FROM y), TRIM(x FROM y), IS DISTINCT FROM.</summary>
    static bool InsideFunction(List<SqlToken> tokens, int i)
    {
        if (tokens[i - 1].IsWord("DISTINCT"))
        {
            return i > 1 && (tokens[i - 2].IsWord("IS") || tokens[i - 2].IsWord("NOT"));
        }

        var depth = 0;
        for (var j = i - 1; j >= 0; j--)
        {
            if (tokens[j].IsSymbol(")"))
            {
                depth++;
            }
            else if (tokens[j].IsSymbol("(") && --depth < 0)
            {
                return j > 0 && tokens[j - 1].Kind == SqlTokenKind.Word
                    && tokens[j - 1].Text.ToUpperInvariant() is "EXTRACT" or "SUBSTRING" or "TRIM" or "OVERLAY" or "POSITION";
            }
        }

        return false;
    }

    static bool IsCommonTable(List<SqlToken> tokens, int i, out string name)
    {
        name = "";
        var open = i + 1;
        while (open < tokens.Count && (tokens[open].IsWord("NOT") || tokens[open].IsWord("MATERIALIZED")))
        {
            open++;
        }

        if (open >= tokens.Count || !tokens[open].IsSymbol("("))
        {
            return false;
        }

        var j = i - 1;
        if (tokens[j].IsSymbol(")"))
        {
            while (j > 0 && !tokens[j].IsSymbol("("))
            {
                j--;
            }

            j--;
        }

        if (j < 1 || !tokens[j].IsName || !(tokens[j - 1].IsSymbol(",") || tokens[j - 1].IsWord("WITH") || tokens[j - 1].IsWord("RECURSIVE")))
        {
            return false;
        }

        name = tokens[j].Text;
        return true;
    }

    static SqlStatementKind KindOf(List<SqlToken> tokens, int i) => tokens[i].Kind != SqlTokenKind.Word ? SqlStatementKind.Other : tokens[i].Text.ToUpperInvariant() switch
    {
        "SELECT" or "VALUES" or "WITH" or "TABLE" => SqlStatementKind.Read,
        "INSERT" or "UPDATE" or "DELETE" or "REPLACE" or "TRUNCATE" or "MERGE" or "COPY" => SqlStatementKind.Write,
        "CREATE" or "ALTER" or "DROP" => SqlStatementKind.Definition,
        "BEGIN" or "START" => SqlStatementKind.Begin,
        "COMMIT" or "END" => SqlStatementKind.Commit,
        "ROLLBACK" or "ABORT" when !(i + 1 < tokens.Count && (tokens[i + 1].IsWord("TO") || (i + 2 < tokens.Count && tokens[i + 2].IsWord("TO")))) => SqlStatementKind.Rollback,
        _ => SqlStatementKind.Other,
    };

    static SqlStatementKind Stronger(SqlStatementKind a, SqlStatementKind b) => a == SqlStatementKind.Write || (a != SqlStatementKind.Other && b is SqlStatementKind.Read or SqlStatementKind.Other) ? a : b;
}
