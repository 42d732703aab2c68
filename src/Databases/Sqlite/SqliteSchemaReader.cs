using System.Data.Common;
using System.Globalization;
using Fettle.Databases.Schema;
using Fettle.Databases.Sql;

namespace Fettle.Databases.Sqlite;

/// <summary>Reads a SQLite schema through pragmas. Row counts come from <c>sqlite_stat1</c>, else from the rowid range, else by counting.</summary>
internal static class SqliteSchemaReader
{
    public static async Task<DatabaseSchema> ReadAsync(DbConnection connection, bool sizes, CancellationToken cancellation)
    {
        var objects = await QueryAsync(connection, "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid", cancellation).ConfigureAwait(false);
        // dbstat reads every page of the file: only for who asks for sizes.
        var bytes = sizes ? await SizesAsync(connection, cancellation).ConfigureAwait(false) : [];
        var indexSql = objects.Where(o => o[0] is "index").ToDictionary(o => (string)o[1]!, o => o[3] as string, StringComparer.OrdinalIgnoreCase);
        var shadows = objects.Where(o => o[0] is "table" && IsVirtual(o[3] as string)).Select(o => (string)o[1]! + "_").ToList();
        var tables = new List<TableInfo>();
        foreach (var o in objects.Where(o => o[0] is "table"))
        {
            var name = (string)o[1]!;
            if (IsVirtual(o[3] as string) || shadows.Exists(s => name.StartsWith(s, StringComparison.OrdinalIgnoreCase)) || name.Equals(DataVersions.Table, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            tables.Add(await TableAsync(connection, name, (string)o[3]!, indexSql, bytes, cancellation).ConfigureAwait(false));
        }

        return new DatabaseSchema(DatabaseEngine.Sqlite, tables, objects.Where(o => o[0] is "view").Select(o => new ViewInfo((string)o[1]!, (string)o[3]!)));
    }

    static bool IsVirtual(string? sql) => sql is null || sql.StartsWith("CREATE VIRTUAL", StringComparison.OrdinalIgnoreCase);

    static async Task<TableInfo> TableAsync(DbConnection connection, string name, string sql, Dictionary<string, string?> indexSql, Dictionary<string, long> sizes, CancellationToken cancellation)
    {
        var literal = Literal(name);
        var info = await QueryAsync(connection, $"SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo({literal})", cancellation).ConfigureAwait(false);
        var columns = info.Select(c => new ColumnInfo((string)c[0]!, (string)c[1]!, Number(c[2]) == 1) { Generated = Number(c[4]) is 2 or 3 }).ToList();
        var key = info.Where(c => Number(c[3]) > 0).OrderBy(c => Number(c[3])).Select(c => (string)c[0]!).ToList();
        var indexes = new List<IndexInfo>();
        foreach (var index in await QueryAsync(connection, $"SELECT name, \"unique\", origin, partial FROM pragma_index_list({literal})", cancellation).ConfigureAwait(false))
        {
            var indexName = (string)index[0]!;
            var text = indexSql.GetValueOrDefault(indexName);
            var keys = await QueryAsync(connection, $"SELECT name, cid FROM pragma_index_xinfo({Literal(indexName)}) WHERE key = 1 ORDER BY seqno", cancellation).ConfigureAwait(false);
            var expressions = text is null ? [] : KeyTexts(text);
            indexes.Add(new IndexInfo(indexName, name, [.. keys.Select((k, i) => k[0] as string ?? $"({(i < expressions.Count ? expressions[i] : "?")})")], Number(index[1]) == 1)
            {
                Constraint = index[2] is not "c",
                Where = Number(index[3]) == 1 && text is not null ? WhereText(text) : null,
                Sql = text,
                Bytes = sizes.GetValueOrDefault(indexName),
            });
        }

        var foreign = await QueryAsync(connection, $"SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list({literal}) ORDER BY id, seq", cancellation).ConfigureAwait(false);
        var tokens = SqlTokenizer.Read(sql, DatabaseEngine.Sqlite);
        var table = new TableInfo(name, columns, key, indexes, 0)
        {
            Sql = sql,
            WithoutRowId = tokens.Count > 1 && Enumerable.Range(1, tokens.Count - 1).Any(i => tokens[i].IsWord("ROWID") && tokens[i - 1].IsWord("WITHOUT")),
            Bytes = sizes.GetValueOrDefault(name),
            ForeignKeys = [.. foreign.GroupBy(f => Number(f[0])).Select(g => new ForeignKeyInfo([.. g.Select(f => (string)f[2]!)], (string)g.First()[1]!, [.. g.Select(f => f[3] as string ?? "")]))],
        };
        return table with { Rows = await RowsAsync(connection, table, cancellation).ConfigureAwait(false) };
    }

    static async Task<long> RowsAsync(DbConnection connection, TableInfo table, CancellationToken cancellation)
    {
        var quoted = SqlKeywords.Quote(table.Name);
        if (table.WithoutRowId)
        {
            return Number((await QueryAsync(connection, $"SELECT count(*) FROM {quoted}", cancellation).ConfigureAwait(false))[0][0]);
        }

        var range = (await QueryAsync(connection, $"SELECT (SELECT min(rowid) FROM {quoted}), (SELECT max(rowid) FROM {quoted})", cancellation).ConfigureAwait(false))[0];
        if (range[0] is null or DBNull)
        {
            return 0;
        }

        // A dense range is exact for tables that only grow; a sparse one is counted.
        var span = (double)Number(range[1]) - Number(range[0]) + 1;
        if (span > 200_000)
        {
            var hits = 0;
            const int Probes = 200;
            var random = new Random(11);
            var low = Number(range[0]);
            await using var command = connection.CreateCommand();
            command.CommandText = $"SELECT 1 FROM {quoted} WHERE rowid = @id";
            var id = command.CreateParameter();
            id.ParameterName = "@id";
            command.Parameters.Add(id);
            for (var i = 0; i < Probes; i++)
            {
                id.Value = low + (long)(random.NextDouble() * span);
                hits += await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false) is null ? 0 : 1;
            }

            if (hits > Probes / 10)
            {
                return (long)(span * hits / Probes);
            }
        }

        return Number((await QueryAsync(connection, $"SELECT count(*) FROM {quoted}", cancellation).ConfigureAwait(false))[0][0]);
    }

    /// <summary>Bytes per b-tree from dbstat where the engine has it; nothing otherwise.</summary>
    static async Task<Dictionary<string, long>> SizesAsync(DbConnection connection, CancellationToken cancellation)
    {
        try
        {
            var rows = await QueryAsync(connection, "SELECT name, pgsize FROM dbstat WHERE aggregate = 1", cancellation).ConfigureAwait(false);
            return rows.ToDictionary(r => (string)r[0]!, r => Number(r[1]), StringComparer.OrdinalIgnoreCase);
        }
        catch (DbException)
        {
            return [];
        }
    }

    internal static List<string> KeyTexts(string createIndex)
    {
        var tokens = SqlTokenizer.Read(createIndex, DatabaseEngine.Sqlite);
        var open = tokens.FindIndex(t => t.IsSymbol("("));
        var texts = new List<string>();
        var depth = 0;
        var from = open + 1;
        for (var i = open; i >= 0 && i < tokens.Count; i++)
        {
            depth += tokens[i].IsSymbol("(") ? 1 : tokens[i].IsSymbol(")") ? -1 : 0;
            if ((depth == 1 && tokens[i].IsSymbol(",")) || depth == 0)
            {
                texts.Add(from < i ? createIndex[tokens[from].Start..(tokens[i - 1].Start + tokens[i - 1].Length)] : "");
                from = i + 1;
                if (depth == 0)
                {
                    break;
                }
            }
        }

        return texts;
    }

    static string? WhereText(string createIndex)
    {
        var tokens = SqlTokenizer.Read(createIndex, DatabaseEngine.Sqlite);
        var where = tokens.FindLastIndex(t => t.IsWord("WHERE"));
        return where < 0 || where + 1 >= tokens.Count ? null : createIndex[tokens[where + 1].Start..].TrimEnd(' ', ';', '\n');
    }

    internal static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    internal static async Task<List<object?[]>> QueryAsync(DbConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var rows = new List<object?[]>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add([.. row.Select(v => v is DBNull ? null : v)]);
        }

        return rows;
    }

    static long Number(object? value) => Convert.ToInt64(value, CultureInfo.InvariantCulture);
}
