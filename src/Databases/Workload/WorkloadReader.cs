using System.Data.Common;
using System.Globalization;
using System.Text.RegularExpressions;
using Fettle.Databases.Sql;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases;

/// <summary>Workloads from elsewhere than a recorder: a file of statements, PostgreSQL's statistics, PostgreSQL's log.</summary>
public static partial class WorkloadReader
{
    /// <summary>
    /// Reads statements separated by semicolons. A comment <c>-- weight: 500</c> before a statement says how often it runs; default 1.
    /// </summary>
    /// <exception cref="FormatException">A weight is not a positive number, or the file has no statement.</exception>
    public static IReadOnlyList<RecordedQuery> FromSql(string text, DatabaseEngine engine)
    {
        ArgumentNullException.ThrowIfNull(text);
        var found = new List<(string Sql, double Weight)>();
        var tokens = SqlTokenizer.Read(text, engine);
        var first = 0;
        var previousEnd = 0;
        for (var i = 0; i <= tokens.Count; i++)
        {
            if (i < tokens.Count && !tokens[i].IsSymbol(";"))
            {
                continue;
            }

            if (i > first)
            {
                var sql = text[tokens[first].Start..(tokens[i - 1].Start + tokens[i - 1].Length)];
                found.Add((sql, Weight(text[previousEnd..tokens[first].Start])));
            }

            previousEnd = i < tokens.Count ? tokens[i].Start + 1 : text.Length;
            first = i + 1;
        }

        return found.Count == 0 ? throw new FormatException("the file has no statement; separate statements by ';'") : Compress(found.Select(f => (f.Sql, f.Weight, 0.0, 0L, (string?)null)), engine);
    }

    /// <summary>
    /// Reads <c>pg_stat_statements</c> of the connected database, dearest first. Where <c>pg_qualstats</c> is there too, each statement's example is
    /// one that really ran, with its values, so that plans are priced with what is asked and not with an average.
    /// </summary>
    /// <exception cref="InvalidOperationException">The extension is not loaded.</exception>
    public static async Task<IReadOnlyList<RecordedQuery>> FromStatisticsAsync(Database database, int most = 500, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        Throw.IfOutside(most, 1, 5_000);
        if (database.Engine != DatabaseEngine.Postgres)
        {
            throw new InvalidOperationException("SQLite keeps no statistics of statements; give the workload as a .sql file or as a service's /fettle/queries");
        }

        var lease = await database.LeaseRawAsync(write: false, cancellation).ConfigureAwait(false);
        var broken = true;
        try
        {
            var rows = await SqliteSchemaReader.QueryAsync(lease.Connection, string.Create(CultureInfo.InvariantCulture, $"""
                SELECT query, sum(calls)::float8, sum(total_exec_time), sum(rows)::bigint, array_agg(queryid) FROM pg_stat_statements
                WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY query ORDER BY 3 DESC LIMIT {most}
                """), cancellation).ConfigureAwait(false);
            var examples = await ExamplesAsync(lease.Connection, cancellation).ConfigureAwait(false);
            broken = false;
            return Compress(rows.Select(r => ((string)r[0]!, (double)r[1]!, (double)r[2]!, (long)r[3]!, ((long[])r[4]!).Select(examples.GetValueOrDefault).FirstOrDefault(e => e is not null))), DatabaseEngine.Postgres);
        }
        catch (DbException e)
        {
            throw new InvalidOperationException($"pg_stat_statements cannot be read ({e.Message}); add it to shared_preload_libraries, restart, and CREATE EXTENSION pg_stat_statements", e);
        }
        finally
        {
            lease.Return(broken);
        }
    }

    /// <summary>Statements as they ran, by their number; none without pg_qualstats. A text that the server cut is left out.</summary>
    static async Task<Dictionary<long, string>> ExamplesAsync(DbConnection connection, CancellationToken cancellation)
    {
        if ((await SqliteSchemaReader.QueryAsync(connection, "SELECT 1 FROM pg_extension WHERE extname = 'pg_qualstats'", cancellation).ConfigureAwait(false)).Count == 0)
        {
            return [];
        }

        var rows = await SqliteSchemaReader.QueryAsync(connection, "SELECT queryid, max(query) FROM pg_qualstats_example_queries() WHERE octet_length(query) < pg_size_bytes(current_setting('track_activity_query_size')) - 1 GROUP BY queryid", cancellation).ConfigureAwait(false);
        return rows.ToDictionary(r => (long)r[0]!, r => (string)r[1]!);
    }

    /// <summary>Reads statements with durations from PostgreSQL's log (<c>log_min_duration_statement</c>), one line or several each.</summary>
    public static IReadOnlyList<RecordedQuery> FromLog(IEnumerable<string> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        var found = new List<(string, double, double, long, string?)>();
        string? sql = null;
        var milliseconds = 0.0;
        void End()
        {
            if (sql is not null)
            {
                found.Add((sql, 1, milliseconds, 0, null));
                sql = null;
            }
        }

        foreach (var line in lines)
        {
            if (Duration().Match(line) is { Success: true } match)
            {
                End();
                milliseconds = double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
                sql = match.Groups[2].Value;
            }
            else if (LogLine().IsMatch(line))
            {
                End();
            }
            else if (sql is not null)
            {
                sql += "\n" + line;
            }
        }

        End();
        return Compress(found, DatabaseEngine.Postgres);
    }

    /// <summary>Folds statements of one shape: weights add up, the first text stands for all.</summary>
    static List<RecordedQuery> Compress(IEnumerable<(string Sql, double Weight, double Milliseconds, long Rows, string? Ran)> statements, DatabaseEngine engine) =>
    [
        .. statements.GroupBy(s => SqlNormalizer.Normalize(s.Sql, engine)).Select(g =>
        {
            var statement = SqlStatement.Analyze(SqlTokenizer.Read(g.First().Sql, engine));
            var calls = (long)Math.Max(1, g.Sum(s => s.Weight));
            var total = g.Sum(s => s.Milliseconds);
            return new RecordedQuery
            {
                Sql = g.Key,
                Example = g.Select(s => s.Ran).FirstOrDefault(r => r is not null) ?? g.First().Sql,
                Calls = calls,
                TotalMs = total,
                MeanMs = total / calls,
                Rows = g.Sum(s => s.Rows),
                Tables = statement.Tables,
                Writes = statement.Kind == SqlStatementKind.Write,
            };
        }).OrderByDescending(q => q.TotalMs).ThenByDescending(q => q.Calls),
    ];

    static double Weight(string before)
    {
        var match = WeightComment().Matches(before).LastOrDefault();
        if (match is null)
        {
            return 1;
        }

        return double.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var weight) && weight > 0
            ? weight
            : throw new FormatException($"weight '{match.Groups[1].Value}' must be a number above 0; write -- weight: 500");
    }

    [GeneratedRegex(@"--\s*weight:\s*(\S+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex WeightComment();

    [GeneratedRegex(@"duration: ([0-9.]+) ms\s+(?:statement|execute [^:]*): (.*)$", RegexOptions.CultureInvariant)]
    private static partial Regex Duration();

    [GeneratedRegex(@"\b(?:LOG|ERROR|STATEMENT|DETAIL|HINT|WARNING|FATAL|CONTEXT):  ", RegexOptions.CultureInvariant)]
    private static partial Regex LogLine();
}
