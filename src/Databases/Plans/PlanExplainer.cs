using Fettle.Databases.Advice;
using Fettle.Databases.Plans;
using Fettle.Databases.Postgres;
using Fettle.Databases.Schema;
using Fettle.Databases.Sql;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases;

/// <summary>Explains statements of either engine as one model.</summary>
public static class PlanExplainer
{
    /// <summary>The plan that the engine would choose now. The statement is not run, unless <paramref name="analyze"/> asks for it.</summary>
    /// <param name="database">Where it would run.</param>
    /// <param name="query">The statement; its sampled parameters, where it has some, stand for the parameters.</param>
    /// <param name="analyze">PostgreSQL only: run it and show actual rows. Writing statements are refused.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="InvalidOperationException">The engine cannot explain the statement, or <paramref name="analyze"/> met a writing one.</exception>
    public static async Task<QueryPlan> ExplainAsync(Database database, RecordedQuery query, bool analyze = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(query);
        var sql = query.Example.Length > 0 ? query.Example : query.Sql;
        var lease = await database.LeaseRawAsync(write: false, cancellation).ConfigureAwait(false);
        var broken = true;
        try
        {
            var plan = database.Engine == DatabaseEngine.Sqlite
                ? await SqliteAsync(lease.Connection, query, sql, cancellation).ConfigureAwait(false)
                : await PostgresAsync(lease.Connection, query, sql, analyze, cancellation).ConfigureAwait(false);
            broken = false;
            return plan;
        }
        catch (System.Data.Common.DbException e)
        {
            throw new InvalidOperationException($"the statement cannot be explained: {e.Message}", e);
        }
        finally
        {
            lease.Return(broken);
        }
    }

    /// <summary>As the other overload, for a text with values by parameter name.</summary>
    public static Task<QueryPlan> ExplainAsync(Database database, string sql, CancellationToken cancellation = default) =>
        ExplainAsync(database, new RecordedQuery { Sql = sql, Example = sql }, cancellation: cancellation);

    static async Task<QueryPlan> SqliteAsync(System.Data.Common.DbConnection connection, RecordedQuery query, string sql, CancellationToken cancellation)
    {
        // A real statement first: EXPLAIN alone does not notice that another connection changed the schema.
        await SqliteSchemaReader.QueryAsync(connection, "SELECT count(*) FROM sqlite_master", cancellation).ConfigureAwait(false);
        await using var command = connection.CreateCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + sql;
        var parameters = SqlTokenizer.Read(sql, DatabaseEngine.Sqlite).Where(t => t.Kind == SqlTokenKind.Parameter).Select(t => t.Text).Distinct();
        foreach (var name in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = query.Samples.Count > 0 && query.Samples[0].TryGetValue(name[1..], out var value) ? TableSample.FromJson(value) ?? DBNull.Value : DBNull.Value;
            command.Parameters.Add(parameter);
        }

        var rows = new List<(int, int, string)>();
        await using (var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
            {
                rows.Add((reader.GetInt32(0), reader.GetInt32(1), reader.GetString(3)));
            }
        }

        var schema = await SqliteSchemaReader.ReadAsync(connection, sizes: false, cancellation).ConfigureAwait(false);
        var item = new WorkloadItem(query, sql, QueryAnalyzer.Analyze(sql, schema), 1);
        var model = new SqliteCostModel(schema, new Dictionary<string, TableSample>());
        var (cost, nodes) = model.Price(item, SqlitePlanReader.Read(rows));
        return new QueryPlan { Engine = DatabaseEngine.Sqlite, Sql = sql, Nodes = nodes, Cost = Math.Round(cost, 1) };
    }

    static async Task<QueryPlan> PostgresAsync(System.Data.Common.DbConnection connection, RecordedQuery query, string sql, bool analyze, CancellationToken cancellation)
    {
        if (analyze && SqlStatement.Analyze(SqlTokenizer.Read(sql, DatabaseEngine.Postgres)).Kind != SqlStatementKind.Read)
        {
            throw new InvalidOperationException("EXPLAIN ANALYZE would run this writing statement; explain it without analyze");
        }

        var json = await PostgresWhatIf.ExplainAsync(connection, sql, query, cancellation, analyze ? "ANALYZE, BUFFERS, FORMAT JSON" : "FORMAT JSON").ConfigureAwait(false);
        var (root, cost) = PostgresPlanReader.Read(json);
        return new QueryPlan { Engine = DatabaseEngine.Postgres, Sql = sql, Nodes = [root], Cost = cost };
    }
}
