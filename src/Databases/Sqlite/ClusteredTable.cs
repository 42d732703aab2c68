using Fettle.Databases.Schema;
using Fettle.Databases.Sql;

namespace Fettle.Databases.Sqlite;

/// <summary>
/// Writes a table's definition again with another primary key and WITHOUT ROWID. Types, defaults, checks, collations, generated columns and
/// foreign keys stay as they are written; an old key of several columns, or of one that is not the rowid, stays unique.
/// </summary>
internal static class ClusteredTable
{
    public static string Definition(TableInfo table, IReadOnlyList<string> key, string name)
    {
        var sql = table.Sql!;
        var tokens = SqlTokenizer.Read(sql, DatabaseEngine.Sqlite);
        var open = tokens.FindIndex(t => t.IsSymbol("("));
        var (parts, close) = Parts(tokens, open);
        var kept = new List<string>();
        foreach (var (from, to) in parts)
        {
            if (Column(sql, tokens, from, to) is { } text)
            {
                kept.Add(text);
            }
        }

        if (table.PrimaryKey.Count > 0 && !table.IsRowId(table.PrimaryKey[0]) && !table.PrimaryKey.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(key))
        {
            kept.Add($"UNIQUE ({string.Join(", ", table.PrimaryKey.Select(SqlKeywords.Quote))})");
        }

        kept.Add($"PRIMARY KEY ({string.Join(", ", key.Select(SqlKeywords.Quote))})");
        var strict = tokens.Skip(close).Any(t => t.IsWord("STRICT")) ? ", STRICT" : "";
        return $"CREATE TABLE {SqlKeywords.Quote(name)}({string.Join(", ", kept)}) WITHOUT ROWID{strict}";
    }

    /// <summary>A part of the definition without its primary key; null when it is nothing but one.</summary>
    static string? Column(string sql, List<SqlToken> tokens, int from, int to)
    {
        var primary = -1;
        var depth = 0;
        for (var i = from; i + 1 < to && primary < 0; i++)
        {
            depth += tokens[i].IsSymbol("(") ? 1 : tokens[i].IsSymbol(")") ? -1 : 0;
            primary = depth == 0 && tokens[i].IsWord("PRIMARY") && tokens[i + 1].IsWord("KEY") ? i : -1;
        }

        if (primary < 0)
        {
            return Text(sql, tokens, from, to);
        }

        var first = primary >= from + 2 && tokens[primary - 2].IsWord("CONSTRAINT") ? primary - 2 : primary;
        if (first == from)
        {
            return null;
        }

        var end = primary + 2;
        end += end < to && (tokens[end].IsWord("ASC") || tokens[end].IsWord("DESC")) ? 1 : 0;
        end += end + 2 < to && tokens[end].IsWord("ON") && tokens[end + 1].IsWord("CONFLICT") ? 3 : 0;
        end += end < to && tokens[end].IsWord("AUTOINCREMENT") ? 1 : 0;
        return $"{Text(sql, tokens, from, first)}{(end < to ? " " + Text(sql, tokens, end, to) : "")}";
    }

    static string Text(string sql, List<SqlToken> tokens, int from, int to) => sql[tokens[from].Start..(tokens[to - 1].Start + tokens[to - 1].Length)];

    /// <summary>What commas part between the outer parentheses, and where those close.</summary>
    static (List<(int From, int To)> Parts, int Close) Parts(List<SqlToken> tokens, int open)
    {
        var parts = new List<(int, int)>();
        var from = open + 1;
        var depth = 0;
        for (var i = open; i < tokens.Count; i++)
        {
            depth += tokens[i].IsSymbol("(") ? 1 : tokens[i].IsSymbol(")") ? -1 : 0;
            if ((depth == 1 && tokens[i].IsSymbol(",")) || depth == 0)
            {
                parts.Add((from, i));
                from = i + 1;
                if (depth == 0)
                {
                    return (parts, i);
                }
            }
        }

        return (parts, tokens.Count);
    }
}
