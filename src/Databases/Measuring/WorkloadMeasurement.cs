using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Fettle.Databases.Advice;
using Fettle.Databases.Postgres;
using Fettle.Databases.Sql;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Fettle.Databases;

/// <summary>One statement as it ran.</summary>
/// <param name="Sql">Its shape.</param>
/// <param name="Calls">Its weight in the workload.</param>
/// <param name="Milliseconds">Median time of a call, rows read.</param>
/// <param name="Work">
/// Work of a call that does not depend on how busy the machine is: on SQLite the steps of its virtual machine and ten for each page looked at,
/// on PostgreSQL the pages touched.
/// </param>
/// <param name="Rows">Rows of a call, mean over the sampled parameters.</param>
/// <param name="Answer">Digest of all rows without regard to their order; equal digests mean equal answers.</param>
/// <param name="Plan">The plan it ran with.</param>
public sealed record MeasuredStatement(string Sql, double Calls, double Milliseconds, double Work, double Rows, string Answer, QueryPlan Plan)
{
    /// <summary>Pages that a call looks at, in memory or on disk; of 8 KB on PostgreSQL.</summary>
    public double Pages { get; init; }
}

/// <summary>Runs the reading statements of a workload with their sampled parameters, and measures time, work and answers.</summary>
public static class WorkloadMeasurement
{
    /// <summary>A page look-up weighs as much as that many steps: the descent of a b-tree is short in steps and long in time.</summary>
    const double PageSteps = 10;

    const int CacheHits = 7; // SQLITE_DBSTATUS_CACHE_HIT
    const int CacheMisses = 8; // SQLITE_DBSTATUS_CACHE_MISS

    sealed record Outcome(double Milliseconds, double Work, double Pages, long Rows, ulong Digest);

    /// <summary>Measures every statement that can be run as recorded; writing ones, and those with a parameter that was never sampled, are left out.</summary>
    /// <param name="database">Where it runs.</param>
    /// <param name="workload">Recorded, or from a file.</param>
    /// <param name="repeats">Timed calls of each statement and sample. Default 5; 1–10,000.</param>
    /// <param name="cancellation">Stops between calls.</param>
    public static async Task<IReadOnlyList<MeasuredStatement>> RunAsync(Database database, IReadOnlyList<RecordedQuery> workload, int repeats = 5, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(workload);
        Throw.IfOutside(repeats, 1, 10_000);
        var measured = new List<MeasuredStatement>();
        // A connection of its own: pooled ones may hold the schema and the statistics of before a change.
        await database.ClearPoolAsync().ConfigureAwait(false);
        var lease = await database.LeaseRawAsync(write: false, cancellation).ConfigureAwait(false);
        var broken = true;
        try
        {
            foreach (var query in workload)
            {
                var sql = query.Example.Length > 0 ? query.Example : query.Sql;
                var tokens = SqlTokenizer.Read(sql, database.Engine);
                var statement = SqlStatement.Analyze(tokens);
                var parameters = tokens.Where(t => t.Kind == SqlTokenKind.Parameter).Select(t => t.Text).Distinct().ToList();
                var samples = query.Samples.Where(s => parameters.TrueForAll(p => p.Length > 1 && s.ContainsKey(p[1..]))).Take(3).ToList();
                if (statement.Kind != SqlStatementKind.Read || statement.Tables.Length == 0 || (parameters.Count > 0 && samples.Count == 0))
                {
                    continue;
                }

                var plan = await PlanExplainer.ExplainAsync(database, query, cancellation: cancellation).ConfigureAwait(false);
                var runs = new List<Outcome>();
                foreach (var sample in samples.Count == 0 ? [null] : samples.Cast<IReadOnlyDictionary<string, JsonElement>?>())
                {
                    runs.Add(database.Engine == DatabaseEngine.Sqlite
                        ? Sqlite((SqliteConnection)lease.Connection, sql, parameters, sample, repeats, cancellation)
                        : await PostgresAsync(lease.Connection, sql, sample, repeats, cancellation).ConfigureAwait(false));
                }

                measured.Add(new MeasuredStatement(
                    query.Sql, Math.Max(1, query.Calls), runs.Average(r => r.Milliseconds), runs.Average(r => r.Work), runs.Average(r => r.Rows),
                    string.Join('-', runs.Select(r => $"{r.Rows}:{r.Digest:x}")), plan)
                { Pages = runs.Average(r => r.Pages) });
            }

            broken = false;
            return measured;
        }
        catch (DbException e)
        {
            throw new InvalidOperationException($"a statement of the workload does not run: {e.Message}", e);
        }
        finally
        {
            lease.Return(broken);
        }
    }

    static Outcome Sqlite(SqliteConnection connection, string sql, List<string> parameters, IReadOnlyDictionary<string, JsonElement>? sample, int repeats, CancellationToken cancellation)
    {
        var handle = connection.Handle!;
        if (raw.sqlite3_prepare_v2(handle, sql, out var statement) != raw.SQLITE_OK)
        {
            throw new SqliteException(raw.sqlite3_errmsg(handle).utf8_to_string(), raw.sqlite3_errcode(handle));
        }

        using (statement)
        {
            foreach (var parameter in parameters)
            {
                var position = raw.sqlite3_bind_parameter_index(statement, parameter);
                _ = TableSample.FromJson(sample![parameter[1..]]) switch
                {
                    long l => raw.sqlite3_bind_int64(statement, position, l),
                    double d => raw.sqlite3_bind_double(statement, position, d),
                    string s => raw.sqlite3_bind_text(statement, position, s),
                    _ => raw.sqlite3_bind_null(statement, position),
                };
            }

            var (rows, digest) = (0L, 0UL);
            var times = new List<double>();
            var (work, pages) = (0.0, 0.0);
            // One call more than is timed: the first reads the pages, and counts them, which the engine does not do for those of a mapped file.
            var mapped = Mapping(handle, null);
            for (var call = 0; call <= repeats; call++)
            {
                cancellation.ThrowIfCancellationRequested();
                rows = 0;
                if (call == 0)
                {
                    Mapping(handle, 0);
                    Taken(handle, CacheHits);
                    Taken(handle, CacheMisses);
                }
                else if (call == 1 && mapped > 0)
                {
                    Mapping(handle, mapped);
                }

                var columns = raw.sqlite3_column_count(statement);
                var start = Stopwatch.GetTimestamp();
                int step;
                while ((step = raw.sqlite3_step(statement)) == raw.SQLITE_ROW)
                {
                    rows++;
                    if (call == 0)
                    {
                        digest += Row(Enumerable.Range(0, columns).Select(c => raw.sqlite3_column_type(statement, c) == raw.SQLITE_NULL ? null : raw.sqlite3_column_text(statement, c).utf8_to_string()));
                    }
                }

                if (step != raw.SQLITE_DONE)
                {
                    throw new SqliteException(raw.sqlite3_errmsg(handle).utf8_to_string(), step);
                }

                if (call == 0)
                {
                    work = raw.sqlite3_stmt_status(statement, raw.SQLITE_STMTSTATUS_VM_STEP, 1);
                    pages = Taken(handle, CacheHits) + Taken(handle, CacheMisses);
                }
                else
                {
                    times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }

                raw.sqlite3_reset(statement);
            }

            return new Outcome(Median(times), work + PageSteps * pages, pages, rows, digest);
        }
    }

    /// <summary>Sets how much of the file is mapped, or only asks; answers the bytes.</summary>
    static long Mapping(sqlite3 handle, long? bytes)
    {
        _ = raw.sqlite3_prepare_v2(handle, bytes is null ? "PRAGMA mmap_size" : string.Create(CultureInfo.InvariantCulture, $"PRAGMA mmap_size={bytes}"), out var pragma);
        using (pragma)
        {
            return raw.sqlite3_step(pragma) == raw.SQLITE_ROW ? raw.sqlite3_column_int64(pragma, 0) : 0;
        }
    }

    /// <summary>A counter of the connection since it was last asked for.</summary>
    static int Taken(sqlite3 handle, int counter)
    {
        _ = raw.sqlite3_db_status(handle, counter, out var count, out _, 1);
        return count;
    }

    static async Task<Outcome> PostgresAsync(DbConnection connection, string sql, IReadOnlyDictionary<string, JsonElement>? sample, int repeats, CancellationToken cancellation)
    {
        var literal = PostgresLiterals.Substitute(sql, sample)!;
        var (rows, digest) = (0L, 0UL);
        var times = new List<double>();
        for (var call = 0; call <= repeats; call++)
        {
            rows = 0;
            await using var command = connection.CreateCommand();
            command.CommandText = literal;
            var start = Stopwatch.GetTimestamp();
            await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
            {
                rows++;
                if (call == 0)
                {
                    var values = new object[reader.FieldCount];
                    reader.GetValues(values);
                    digest += Row(values.Select(v => v is DBNull ? null : v is Array list ? string.Join(',', list.Cast<object?>()) : Convert.ToString(v, CultureInfo.InvariantCulture)));
                }
            }

            if (call > 0)
            {
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }

        await using var explain = connection.CreateCommand();
        explain.CommandText = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) " + literal;
        using var document = JsonDocument.Parse((string)(await explain.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!);
        var plan = document.RootElement[0].GetProperty("Plan");
        var pages = new[] { "Shared Hit Blocks", "Shared Read Blocks", "Temp Read Blocks", "Temp Written Blocks" }.Sum(n => plan.TryGetProperty(n, out var value) ? value.GetDouble() : 0);
        return new Outcome(Median(times), pages, pages, rows, digest);
    }

    /// <summary>FNV-1a over the texts of a row; rows are added, so that their order does not count.</summary>
    static ulong Row(IEnumerable<string?> values)
    {
        var hash = 14695981039346656037UL;
        foreach (var value in values)
        {
            foreach (var c in value ?? "\u0001null")
            {
                hash = (hash ^ c) * 1099511628211UL;
            }

            hash = (hash ^ 0x1F) * 1099511628211UL;
        }

        return hash;
    }

    static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
