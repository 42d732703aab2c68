using System.Security.Cryptography;
using System.Text;
using Fettle.Databases.Schema;
using Fettle.Databases.Sql;

namespace Fettle.Databases.Advice;

/// <summary>
/// A join kept as a table of its own: what it holds, how it is made and kept, and the statement rewritten to read it. Only a single SELECT over inner
/// joins written as JOIN … ON without parameters in ON: there the joined rows are the same whatever the statement asks of them.
/// </summary>
internal sealed class JoinTable
{
    static readonly string[] Refused = ["LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "USING", "LATERAL", "OUTER"];
    readonly string _from;
    readonly IReadOnlyList<(TableUse Use, string Column, string Name)> _columns;

    JoinTable(string name, string from, string rewritten, IReadOnlyList<TableUse> uses, IReadOnlyList<(TableUse, string, string)> columns, DatabaseEngine engine)
    {
        Name = name;
        Rewritten = rewritten;
        Uses = uses;
        Engine = engine;
        _from = from;
        _columns = columns;
    }

    public string Name { get; }

    public string Rewritten { get; }

    public IReadOnlyList<TableUse> Uses { get; }

    DatabaseEngine Engine { get; }

    /// <summary>Null when the statement has another form.</summary>
    public static JoinTable? From(WorkloadItem item, DatabaseEngine engine)
    {
        var sql = item.Sql;
        var tokens = SqlTokenizer.Read(sql, engine);
        var uses = item.Analyzed.Uses;
        if (item.Writes || uses.Count is < 2 or > 4 || tokens.Count(t => t.IsWord("SELECT")) != 1 || !tokens[0].IsWord("SELECT") || tokens.Exists(t => t.IsWord("UNION") || t.IsWord("EXCEPT") || t.IsWord("INTERSECT"))
            || uses.Select(u => u.Alias).Distinct(StringComparer.OrdinalIgnoreCase).Count() < uses.Count || uses.Any(u => u.AllColumns) || uses.Any(u => !Keyed(u.Table, engine)))
        {
            return null;
        }

        var from = tokens.FindIndex(t => t.IsWord("FROM"));
        var end = tokens.FindIndex(Math.Max(0, from), t => t.IsWord("WHERE") || t.IsWord("GROUP") || t.IsWord("ORDER") || t.IsWord("LIMIT") || t.IsWord("HAVING") || t.IsSymbol(";"));
        end = end < 0 ? tokens.Count : end;
        if (from < 0)
        {
            return null;
        }

        var sources = tokens[(from + 1)..end];
        if (sources.Exists(t => t.IsSymbol(",") || t.Kind == SqlTokenKind.Parameter || t.IsSymbol("(") || Array.Exists(Refused, t.IsWord)) || sources.Count(t => t.IsWord("JOIN")) != uses.Count - 1 || sources.Count(t => t.IsWord("ON")) != uses.Count - 1 || PredicateReader.NamesVolatile(sources))
        {
            return null;
        }

        var columns = new List<(TableUse Use, string Column, string Name)>();
        var text = new StringBuilder();
        var (at, depth) = (0, 0);
        for (var i = 1; i < tokens.Count; i++)
        {
            depth += tokens[i].IsSymbol("(") ? 1 : tokens[i].IsSymbol(")") ? -1 : 0;
            if (i == from)
            {
                text.Append(sql, at, tokens[i].Start - at).Append("FROM \u0001");
                at = end < tokens.Count ? tokens[end].Start : sql.Length;
                text.Append(end < tokens.Count ? " " : "");
                i = end - 1;
                continue;
            }

            var (use, column, length) = Reference(tokens, i, uses);
            if (use is null)
            {
                continue;
            }

            var name = $"{use.Alias}_{column}".ToLowerInvariant();
            if (!columns.Exists(c => c.Use == use && c.Column == column))
            {
                columns.Add((use, column, name));
            }

            // A selected column keeps the name that its reader knows.
            var selected = depth == 0 && i < from && (i + length == from || tokens[i + length].IsSymbol(",")) && (tokens[i - 1].IsSymbol(",") || tokens[i - 1].IsWord("SELECT") || tokens[i - 1].IsWord("DISTINCT"));
            text.Append(sql, at, tokens[i].Start - at).Append(SqlKeywords.Quote(name)).Append(selected ? $" AS {SqlKeywords.Quote(column)}" : "");
            at = tokens[i + length - 1].Start + tokens[i + length - 1].Length;
            i += length - 1;
        }

        text.Append(sql, at, sql.Length - at);
        if (columns.Count == 0 || columns.Select(c => c.Name).Distinct().Count() < columns.Count)
        {
            return null;
        }

        var clause = sql[sources[0].Start..(sources[^1].Start + sources[^1].Length)];
        var made = $"fettle_join_{string.Join('_', uses.Select(u => u.Table.Name.ToLowerInvariant()))}";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(clause + string.Join(',', columns.Select(c => c.Name)))))[..8];
        var plain = new string([.. made.Where(c => char.IsAsciiLetterOrDigit(c) || c == '_')]);
        var table = $"{plain[..Math.Min(44, plain.Length)]}_{hash}";
        return new JoinTable(table, clause, text.ToString().Replace("\u0001", table, StringComparison.Ordinal).TrimEnd(';', ' '), uses, columns, engine);
    }

    /// <summary>Statements that make the table and what keeps it fresh; they may be repeated.</summary>
    public IReadOnlyList<string> Make(IReadOnlyList<string> access)
    {
        var keys = Uses.SelectMany(Keys).ToList();
        var select = $"SELECT {string.Join(", ", keys.Select(k => $"{k.Text} AS {k.Name}").Concat(_columns.Select(c => $"{Qualified(c.Use, c.Column)} AS {SqlKeywords.Quote(c.Name)}")))} FROM {_from}";
        var index = $"CREATE INDEX IF NOT EXISTS {Name}_read ON {Name}({string.Join(", ", access.Select(SqlKeywords.Quote))})";
        if (Engine == DatabaseEngine.Postgres)
        {
            return [$"CREATE MATERIALIZED VIEW IF NOT EXISTS {Name} AS {select}", $"CREATE UNIQUE INDEX IF NOT EXISTS {Name}_key ON {Name}({string.Join(", ", keys.Select(k => k.Name))})", .. access.Count == 0 ? Array.Empty<string>() : [index], $"ANALYZE {Name}"];
        }

        // One text, so that table, content and triggers come in one transaction: no write falls between them.
        var text = new StringBuilder($"BEGIN IMMEDIATE; DROP TABLE IF EXISTS {Name}; CREATE TABLE {Name} AS {select};");
        foreach (var key in keys)
        {
            text.Append($" CREATE INDEX {Name}_{key.Name} ON {Name}({key.Name});");
        }

        text.Append(access.Count == 0 ? "" : $" {index};");
        foreach (var table in Uses.GroupBy(u => u.Table.Name, StringComparer.OrdinalIgnoreCase))
        {
            var number = $"{Name}_{Number(table.First())}";
            var quoted = SqlKeywords.Quote(table.Key);
            string Of(string row) => string.Join(" OR ", table.Select(u => $"{KeyName(u)} = {row}.rowid"));
            var remove = $"DELETE FROM {Name} WHERE {Of("OLD")};";
            var add = $"INSERT INTO {Name} {select} WHERE {string.Join(" OR ", table.Select(u => $"{SqlKeywords.Quote(u.Alias)}.rowid = NEW.rowid"))};";
            text.Append($" DROP TRIGGER IF EXISTS {number}_i; CREATE TRIGGER {number}_i AFTER INSERT ON {quoted} BEGIN DELETE FROM {Name} WHERE {Of("NEW")}; {add} END;");
            text.Append($" DROP TRIGGER IF EXISTS {number}_d; CREATE TRIGGER {number}_d AFTER DELETE ON {quoted} BEGIN {remove} END;");
            text.Append($" DROP TRIGGER IF EXISTS {number}_u; CREATE TRIGGER {number}_u AFTER UPDATE ON {quoted} BEGIN {remove} DELETE FROM {Name} WHERE {Of("NEW")}; {add} END;");
        }

        return [text.Append(" COMMIT").ToString(), $"ANALYZE {Name}"];
    }

    /// <summary>Statements that take it back; safe to repeat.</summary>
    public IReadOnlyList<string> Drop() => Engine == DatabaseEngine.Postgres
        ? [$"DROP MATERIALIZED VIEW IF EXISTS {Name}"]
        : [.. Uses.DistinctBy(u => u.Table.Name).SelectMany(u => new[] { "i", "d", "u" }.Select(e => $"DROP TRIGGER IF EXISTS {Name}_{Number(u)}_{e}")), $"DROP TABLE IF EXISTS {Name}"];

    /// <summary>Stored bytes of a joined row.</summary>
    public double RowBytes(Func<string, TableSample?> sample) => Uses.Sum(u => 8 + (sample(u.Table.Name)?.Bytes(_columns.Where(c => c.Use == u).Select(c => c.Column)) ?? 8));

    /// <summary>Columns of the table by which the statement comes in: equality, then one range or the order.</summary>
    public IReadOnlyList<string> Access()
    {
        string? Held(TableUse use, string column) => _columns.FirstOrDefault(c => c.Use == use && c.Column.Equals(column, StringComparison.OrdinalIgnoreCase)).Name;
        var equal = Uses.SelectMany(u => u.Predicates.Where(p => p.Kind is PredicateKind.Equal or PredicateKind.In && p.Expression is null && !p.InOr).Select(p => Held(u, p.Column)));
        var range = Uses.SelectMany(u => u.Predicates.Where(p => p.Kind == PredicateKind.Range && p.Expression is null && !p.InOr).Select(p => Held(u, p.Column)).Concat(u.Order.Select(o => Held(u, o.Column)))).Take(1);
        return [.. equal.Concat(range).Where(c => c is not null).Select(c => c!).Distinct().Take(4)];
    }

    static bool Keyed(TableInfo table, DatabaseEngine engine) => engine == DatabaseEngine.Sqlite ? !table.WithoutRowId && table.Column("rowid") is null : table.PrimaryKey.Count > 0;

    static string KeyName(TableUse use) => SqlKeywords.Quote($"{use.Alias}_fettle_row".ToLowerInvariant());

    IEnumerable<(string Text, string Name)> Keys(TableUse use) => Engine == DatabaseEngine.Sqlite
        ? [($"{SqlKeywords.Quote(use.Alias)}.rowid", KeyName(use))]
        : use.Table.PrimaryKey.Select(k => (Qualified(use, k), SqlKeywords.Quote($"{use.Alias}_{k}_fettle_key".ToLowerInvariant())));

    int Number(TableUse use) => Uses.TakeWhile(u => !u.Table.Name.Equals(use.Table.Name, StringComparison.OrdinalIgnoreCase)).Count();

    static string Qualified(TableUse use, string column) => $"{SqlKeywords.Quote(use.Alias)}.{SqlKeywords.Quote(column)}";

    static bool IsBeforeAlias(SqlToken token) => token.IsWord("AS") || token.IsWord("END") || token.IsSymbol(")") || token.Kind == SqlTokenKind.QuotedName || (token.Kind == SqlTokenKind.Word && !SqlKeywords.IsReserved(token.Text));

    /// <summary>The column that a token, or a token with its qualifier, names.</summary>
    static (TableUse? Use, string Column, int Length) Reference(List<SqlToken> tokens, int i, IReadOnlyList<TableUse> uses)
    {
        if (!tokens[i].IsName || (i > 0 && tokens[i - 1].IsSymbol(".")))
        {
            return default;
        }

        if (i + 2 < tokens.Count && tokens[i + 1].IsSymbol("."))
        {
            var use = uses.FirstOrDefault(u => u.Alias.Equals(tokens[i].Text, StringComparison.OrdinalIgnoreCase));
            return use?.Table.Column(tokens[i + 2].Text) is { } column ? (use, column.Name, 3) : default;
        }

        if ((i + 1 < tokens.Count && tokens[i + 1].IsSymbol("(")) || (tokens[i].Kind == SqlTokenKind.Word && SqlKeywords.IsReserved(tokens[i].Text)) || (i > 0 && IsBeforeAlias(tokens[i - 1])))
        {
            return default;
        }

        var holder = uses.FirstOrDefault(u => u.Table.Column(tokens[i].Text) is not null);
        return holder is null ? default : (holder, holder.Table.Column(tokens[i].Text)!.Name, 1);
    }
}
