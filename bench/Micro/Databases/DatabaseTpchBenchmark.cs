using System.Diagnostics;
using System.Globalization;
using Fettle.Databases;
using Fettle.Databases.Tests.Tpch;
using Fettle.Shared.Results;
using Fettle.Testing;
using Npgsql;

namespace Fettle.Bench.Databases;

/// <summary>
/// Index selection for TPC-H on PostgreSQL with hypopg: cost of the workload under the chosen indexes against none, by storage budget. Budgets are
/// named by what they are at scale 1. 19 queries (2, 17 and 20, whose cost without an index outweighs all others, left out) and all 22.
/// </summary>
internal sealed class DatabaseTpchBenchmark : IBenchmark
{
    static readonly int[] Budgets = [250, 500, 1_000];

    public string Name => "database-tpch";

    public string Summary => "index selection for TPC-H by storage budget, with time, sizes predicted and built [--scale 0.1]";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var at = Array.IndexOf(arguments, "--scale");
        var scale = at < 0 ? 0.1 : double.Parse(arguments[at + 1], CultureInfo.InvariantCulture);
        await using var server = await PostgresServer.StartAsync("shared_buffers=256MB", "maintenance_work_mem=128MB");
        await using (var connection = new NpgsqlConnection(server.ConnectionString()))
        {
            await connection.OpenAsync();
            await new TpchData(scale).LoadAsync(connection);
        }

        await using var database = Database.Open(DatabaseAddress.Parse("postgres:" + server.ConnectionString()), new DatabaseOptions { Recording = false, DataVersions = false });
        var nineteen = TpchQueries.Workload(TpchQueries.Outliers);
        var plain = new AdvisorOptions { MaxCoveringColumns = 0, Partial = false, Expressions = false, MaxIndexes = 60, MinimumGain = 0.0005 };
        var all = new AdvisorOptions { MaxIndexes = 60, MinimumGain = 0.0005 };
        var rows = new List<string[]>();
        AdviceReport? middle = null;
        foreach (var megabytes in Budgets)
        {
            foreach (var (title, queries, options) in new[] { ("19 queries, plain b-trees", nineteen, plain), ("19 queries, all candidates", nineteen, all), ("22 queries, all candidates", TpchQueries.Workload(), all) })
            {
                var start = Stopwatch.GetTimestamp();
                var report = await IndexAdvisor.ReportAsync(database, queries, options with { StorageBudget = (long)(megabytes * scale * 1_000_000) });
                var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                middle = megabytes == 500 && ReferenceEquals(queries, nineteen) && ReferenceEquals(options, all) ? report : middle;
                rows.Add([$"{megabytes} MB", title, Number(report.CostAfter / report.CostBefore, "0.000"), report.Actions.Count.ToString(CultureInfo.InvariantCulture), Number(report.Actions.Sum(a => a.Evidence.Bytes) / 1e6 / scale, "0"), Number(seconds, "0.0"), report.Plans.ToString(CultureInfo.InvariantCulture), report.Skipped.Count.ToString(CultureInfo.InvariantCulture)]);
            }
        }

        result.Tables.Add(new ResultTable(
            $"TPC-H at scale {scale.ToString(CultureInfo.InvariantCulture)}, {await database.DescribeEngineAsync()} with hypopg: cost under the chosen indexes ÷ cost without",
            ["budget at scale 1", "candidates", "relative cost", "indexes", "MB at scale 1", "seconds", "plans", "not explained"], rows, "Published for Extend on 19 queries: 0.622, 0.503 and 0.414."));
        result.Tables.Add(await BuiltAsync(database, middle!, nineteen));
    }

    /// <summary>The indexes of the middle budget made in earnest: their sizes, and what the planner says with them.</summary>
    static async Task<ResultTable> BuiltAsync(Database database, AdviceReport report, IReadOnlyList<RecordedQuery> workload)
    {
        var sizes = new List<string[]>();
        foreach (var action in report.Actions)
        {
            await ExecuteAsync(database, action.Do[0].Replace("CONCURRENTLY ", "", StringComparison.Ordinal));
            var real = await ScalarAsync(database, $"SELECT pg_relation_size('{action.Evidence.Object}')");
            sizes.Add([action.Title, Number(action.Evidence.Bytes / 1e6, "0.00"), Number(real / 1e6, "0.00"), Number(action.Evidence.Bytes / real, "0.00")]);
        }

        await ExecuteAsync(database, "VACUUM ANALYZE");
        var cost = 0.0;
        foreach (var query in workload)
        {
            cost += (await PlanExplainer.ExplainAsync(database, query)).Cost ?? 0;
        }

        return new ResultTable("Budget 500 MB, all candidates: predicted and built", ["index", "predicted MB", "built MB", "ratio"], sizes, $"With the indexes built, the relative cost is {Number(cost / report.CostBefore, "0.000")}; supposed, it was {Number(report.CostAfter / report.CostBefore, "0.000")}.");
    }

    static async Task ExecuteAsync(Database database, string sql)
    {
        await using var connection = await database.OpenWriteAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
    }

    static async Task<double> ScalarAsync(Database database, string sql)
    {
        await using var connection = await database.OpenReadAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToDouble(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
