using System.Data.Common;
using Fettle.Databases.Postgres;
using Fettle.Databases.Schema;
using Fettle.Databases.Sql;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases.Advice;

/// <summary>What every advisor begins with: a lease, the schema, and the workload read against it.</summary>
internal sealed record AdviceSubject(DbConnection Connection, DatabaseSchema Schema, List<WorkloadItem> Items, AdvisorOptions Options)
{
    /// <summary>Leases and reads, then lets the advisor work; the lease ends with it.</summary>
    public static async Task<T> ReadAsync<T>(Database database, IReadOnlyList<RecordedQuery> workload, AdvisorOptions options, Func<AdviceSubject, Task<T>> advise, CancellationToken cancellation)
    {
        // A connection of its own: what is supposed ends with it, and thousands of texts asked once each are not prepared.
        var lease = await database.LeaseRawAsync(write: false, cancellation, pooled: false).ConfigureAwait(false);
        var broken = true;
        try
        {
            var schema = await SchemaReader.ReadAsync(database.Engine, lease.Connection, sizes: false, cancellation).ConfigureAwait(false);
            var own = options with { };
            var advice = await advise(new AdviceSubject(lease.Connection, schema, Read(schema, workload, own), own)).ConfigureAwait(false);
            broken = false;
            return advice;
        }
        finally
        {
            lease.Return(broken);
        }
    }

    /// <summary>The workload read against the schema: own bookkeeping left out, the dearest statements kept.</summary>
    public static List<WorkloadItem> Read(DatabaseSchema schema, IReadOnlyList<RecordedQuery> workload, AdvisorOptions options)
    {
        var items = new List<WorkloadItem>();
        foreach (var query in workload.OrderByDescending(q => q.Writes).ThenByDescending(q => q.TotalMs).ThenByDescending(q => q.Calls).Take(options.MaxQueries))
        {
            var sql = query.Example.Length > 0 ? query.Example : query.Sql;
            var analyzed = QueryAnalyzer.Analyze(sql, schema);
            if (analyzed.Statement.Kind is SqlStatementKind.Read or SqlStatementKind.Write && analyzed.Statement.Tables.Any(schema.Tables.ContainsKey) | analyzed.Uses.Count > 0)
            {
                items.Add(new WorkloadItem(query, sql, analyzed, Math.Max(1, query.Calls)));
            }
        }

        return items;
    }

    /// <summary>The engine's planner over samples of the tables that the workload names.</summary>
    public async Task<IWhatIf> WhatIfAsync(CancellationToken cancellation)
    {
        var tables = Items.SelectMany(i => i.Analyzed.Uses.Select(u => u.Table.Name).Concat(i.Analyzed.Statement.Tables).Concat(i.Analyzed.Statement.WrittenTables));
        return Schema.Engine == DatabaseEngine.Sqlite
            ? await SqliteWhatIf.CreateAsync(Connection, Schema, tables, cancellation).ConfigureAwait(false)
            : await PostgresWhatIf.CreateAsync(Connection, Schema, tables, cancellation).ConfigureAwait(false);
    }
}
