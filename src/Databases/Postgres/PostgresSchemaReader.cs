using System.Data.Common;
using System.Globalization;
using Fettle.Databases.Schema;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases.Postgres;

/// <summary>Reads a PostgreSQL schema from the catalogue; rows and sizes are the server's estimates.</summary>
internal static class PostgresSchemaReader
{
    const string UserSchemas = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%' AND n.nspname NOT LIKE 'pg_temp%'";

    public static async Task<DatabaseSchema> ReadAsync(DbConnection connection, CancellationToken cancellation)
    {
        var tables = await QueryAsync(connection, $"""
            SELECT c.oid::bigint, n.nspname, c.relname, greatest(c.reltuples, 0)::bigint, pg_table_size(c.oid)
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND {UserSchemas} AND c.relname <> '{DataVersions.Table}'
            ORDER BY n.nspname = current_schema(), c.relname
            """, cancellation).ConfigureAwait(false);
        var columns = (await QueryAsync(connection, $"""
            SELECT a.attrelid::bigint, a.attname, format_type(a.atttypid, NULL), a.attnotnull, a.attgenerated <> ''
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm') AND {UserSchemas} ORDER BY a.attrelid, a.attnum
            """, cancellation).ConfigureAwait(false)).ToLookup(r => (long)r[0]!);
        var keys = (await QueryAsync(connection, """
            SELECT k.conrelid::bigint, k.contype::text, k.confrelid::regclass::text,
              ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, o) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.o),
              ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(n, o) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.o)
            FROM pg_constraint k WHERE k.contype IN ('p', 'f')
            """, cancellation).ConfigureAwait(false)).ToLookup(r => (long)r[0]!);
        var indexes = (await QueryAsync(connection, $"""
            SELECT i.indrelid::bigint, x.relname, i.indisunique, i.indisvalid, m.amname, pg_get_expr(i.indpred, i.indrelid), pg_relation_size(i.indexrelid), s.idx_scan,
              ARRAY(SELECT pg_get_indexdef(i.indexrelid, p, false) FROM generate_series(1, i.indnkeyatts) p),
              ARRAY(SELECT pg_get_indexdef(i.indexrelid, p, false) FROM generate_series(i.indnkeyatts + 1, i.indnatts) p),
              EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid), pg_get_indexdef(i.indexrelid)
            FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam JOIN pg_namespace n ON n.oid = x.relnamespace
            LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.indexrelid
            WHERE {UserSchemas}
            """, cancellation).ConfigureAwait(false)).ToLookup(r => (long)r[0]!);
        var views = await QueryAsync(connection, $"SELECT c.relname, pg_get_viewdef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v' AND {UserSchemas}", cancellation).ConfigureAwait(false);

        // A name in two schemas: the one of the search path comes last and wins.
        var byName = new Dictionary<string, TableInfo>(StringComparer.OrdinalIgnoreCase);
        foreach (var t in tables)
        {
            var oid = (long)t[0]!;
            var name = (string)t[2]!;
            byName[name] = new TableInfo(
                name,
                [.. columns[oid].Select(c => new ColumnInfo((string)c[1]!, (string)c[2]!, (bool)c[3]!) { Generated = (bool)c[4]! })],
                keys[oid].Where(k => (string)k[1]! == "p").Select(k => (string[])k[3]!).FirstOrDefault() ?? [],
                [.. indexes[oid].Select(i => Index(name, i))],
                (long)t[3]!)
            {
                SchemaName = (string)t[1]! == "public" ? null : (string)t[1]!,
                Bytes = (long)t[4]!,
                ForeignKeys = [.. keys[oid].Where(k => (string)k[1]! == "f").Select(k => new ForeignKeyInfo((string[])k[3]!, (string)k[2]!, (string[])k[4]!))],
            };
        }

        return new DatabaseSchema(DatabaseEngine.Postgres, byName.Values, views.DistinctBy(v => ((string)v[0]!).ToLowerInvariant()).Select(v => new ViewInfo((string)v[0]!, (string)v[1]!)));
    }

    static IndexInfo Index(string table, object?[] i) => new((string)i[1]!, table, [.. ((string[])i[8]!).Select(Plain)], (bool)i[2]!)
    {
        Valid = (bool)i[3]!,
        Method = (string)i[4]!,
        Where = i[5] as string,
        Bytes = Convert.ToInt64(i[6], CultureInfo.InvariantCulture),
        Scans = i[7] is null ? null : Convert.ToInt64(i[7], CultureInfo.InvariantCulture),
        Include = [.. ((string[])i[9]!).Select(Plain)],
        Constraint = (bool)i[10]!,
        Sql = (string)i[11]!,
    };

    static string Plain(string key) => key is ['"', .., '"'] ? key[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : key;

    static Task<List<object?[]>> QueryAsync(DbConnection connection, string sql, CancellationToken cancellation) => SqliteSchemaReader.QueryAsync(connection, sql, cancellation);
}
