using System.Globalization;
using Fettle.Databases.Sql;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases;

/// <summary>Tells whether tables were written between two moments, so that a changed answer can be laid to the writes or to an action.</summary>
public static class DataFingerprint
{
    /// <summary>
    /// PostgreSQL: rows inserted, updated and deleted by the server's count. SQLite: rows, and the data versions where the service
    /// keeps them; an update by a program without Fettle is not seen.
    /// </summary>
    /// <param name="database">Read only.</param>
    /// <param name="tables">Names; unknown ones are passed over.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public static async Task<string> ReadAsync(Database database, IEnumerable<string> tables, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(tables);
        var names = tables.Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase).ToList();
        var lease = await database.LeaseRawAsync(write: false, cancellation).ConfigureAwait(false);
        var broken = true;
        try
        {
            string print;
            if (database.Engine == DatabaseEngine.Postgres)
            {
                await SqliteSchemaReader.QueryAsync(lease.Connection, "SELECT pg_stat_clear_snapshot()::text", cancellation).ConfigureAwait(false);
                var rows = await SqliteSchemaReader.QueryAsync(lease.Connection, "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables ORDER BY 1", cancellation).ConfigureAwait(false);
                print = string.Join(';', rows.Where(r => names.Contains((string)r[0]!, StringComparer.OrdinalIgnoreCase)).Select(r => string.Join(',', r)));
            }
            else
            {
                var schema = await SqliteSchemaReader.ReadAsync(lease.Connection, sizes: false, cancellation).ConfigureAwait(false);
                var parts = new List<string>();
                foreach (var table in names.Where(schema.Tables.ContainsKey).Select(n => schema.Tables[n]))
                {
                    var row = (await SqliteSchemaReader.QueryAsync(lease.Connection, $"SELECT count(*) FROM {SqlKeywords.Quote(table.Name)}", cancellation).ConfigureAwait(false))[0];
                    parts.Add($"{table.Name}:{Convert.ToString(row[0], CultureInfo.InvariantCulture)}");
                }

                if ((await SqliteSchemaReader.QueryAsync(lease.Connection, $"SELECT 1 FROM sqlite_master WHERE name = '{DataVersions.Table}'", cancellation).ConfigureAwait(false)).Count > 0)
                {
                    parts.AddRange((await SqliteSchemaReader.QueryAsync(lease.Connection, $"SELECT name, version FROM {DataVersions.Table} ORDER BY 1", cancellation).ConfigureAwait(false)).Select(r => string.Join(',', r)));
                }

                print = string.Join(';', parts);
            }

            broken = false;
            return print;
        }
        finally
        {
            lease.Return(broken);
        }
    }
}
