using System.Diagnostics;
using System.Globalization;
using Fettle.Databases;
using Fettle.Shared.Results;
using Fettle.Testing;

namespace Fettle.Bench.Databases;

/// <summary>
/// What the advisor foretells against what comes true: for each of twenty statements the advice is made alone, applied, measured and taken back.
/// And what a what-if trial costs.
/// </summary>
internal sealed class DatabaseWhatIfBenchmark : IBenchmark
{
    const int Orders = 200_000;
    const int Customers = 20_000;

    static readonly (string Name, string Sql)[] Cases =
    [
        ("equality", "SELECT amount, note FROM orders WHERE customer = 77"),
        ("equality and range", "SELECT amount, note FROM orders WHERE customer = 77 AND created >= 150000"),
        ("two columns of one customer", "SELECT created, amount FROM orders WHERE customer = 77"),
        ("range, summed", "SELECT sum(amount) FROM orders WHERE created BETWEEN 100000 AND 101000"),
        ("IN list", "SELECT amount, note FROM orders WHERE customer IN (5, 77, 200, 3000)"),
        ("OR of two columns", "SELECT amount FROM orders WHERE customer = 5 OR note = 'note 99'"),
        ("LIKE prefix", "SELECT name FROM customers WHERE email LIKE 'user12%'"),
        ("lower(column)", "SELECT name FROM customers WHERE lower(email) = 'user77@x.org'"),
        ("rare state in order", "SELECT id, note FROM orders WHERE status = 'open' ORDER BY created LIMIT 20"),
        ("latest ten", "SELECT id, amount FROM orders ORDER BY created DESC LIMIT 10"),
        ("count by group", "SELECT region, count(*) FROM orders GROUP BY region"),
        ("join from one row", "SELECT c.name, o.amount FROM customers c JOIN orders o ON o.customer = c.id WHERE c.email = 'user500@x.org'"),
        ("join from many rows", "SELECT c.name, o.amount FROM customers c JOIN orders o ON o.customer = c.id WHERE c.city = 'city 7'"),
        ("maximum of a group", "SELECT max(created) FROM orders WHERE customer = 9"),
        ("a twentieth of the rows", "SELECT count(*) FROM orders WHERE region = 3"),
        ("missing value", "SELECT id, note FROM orders WHERE closed IS NULL"),
        ("no partner", "SELECT count(*) FROM customers c WHERE c.city = 'city 5' AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer = c.id)"),
        ("distinct of a range", "SELECT DISTINCT region FROM orders WHERE created < 5000"),
        ("three conditions", "SELECT amount FROM orders WHERE region = 7 AND status = 'done' AND customer < 100"),
        ("largest five of one customer", "SELECT id, amount FROM orders WHERE customer = 55 ORDER BY amount DESC LIMIT 5"),
    ];

    public string Name => "database-whatif";

    public string Summary => "foretold against measured gain of proposals on both engines, and the time of a what-if trial";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("fettle-bench-").FullName;
        try
        {
            var trials = new List<string[]>();
            await using (var sqlite = Open("sqlite:" + Path.Combine(folder, "bench.db")))
            {
                await MeasureAsync(result, sqlite, trials);
            }

            await using (var wide = Open("sqlite:" + Path.Combine(folder, "wide.db")))
            {
                await ThousandAsync(wide, trials);
            }

            if (PostgresServer.Missing is null)
            {
                await using var server = await PostgresServer.StartAsync("shared_buffers=256MB");
                await using var postgres = Open("postgres:" + server.ConnectionString());
                await MeasureAsync(result, postgres, trials);
            }

            result.Tables.Add(new ResultTable("What-if trials", ["database", "plans priced", "µs a trial", "of which this process's CPU"], trials, "The whole advice in time, schema, samples and search included, divided by the plans priced."));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static Database Open(string address) => Database.Open(DatabaseAddress.Parse(address), new DatabaseOptions { Recording = false, DataVersions = false });

    static async Task MeasureAsync(ResultDocument result, Database database, List<string[]> trials)
    {
        await FillAsync(database);
        var engine = await database.DescribeEngineAsync();
        var all = Cases.Select(c => Query(c.Sql)).ToArray();
        trials.Add([$"{engine}, {Cases.Length} statements", .. await TrialAsync(database, all)]);
        var rows = new List<string[]>();
        var (within, savings, proposals) = (0, 0, 0);
        foreach (var (name, sql) in Cases)
        {
            RecordedQuery[] workload = [Query(sql)];
            var report = await IndexAdvisor.ReportAsync(database, workload);
            if (report.Actions.Count == 0)
            {
                rows.Add([name, "nothing proposed", "", "", "", "", ""]);
                continue;
            }

            var before = await WorkloadMeasurement.RunAsync(database, workload, 9);
            foreach (var statement in report.Actions.SelectMany(a => a.Do))
            {
                await RunAsync(database, statement);
            }

            if (database.Engine == DatabaseEngine.Postgres)
            {
                await RunAsync(database, "VACUUM orders; VACUUM customers");
            }

            var after = await WorkloadMeasurement.RunAsync(database, workload, 51);
            foreach (var statement in report.Actions.SelectMany(a => a.Undo))
            {
                await RunAsync(database, statement);
            }

            var foretold = report.MillisecondsBefore / report.MillisecondsAfter;
            var measured = before[0].Milliseconds / after[0].Milliseconds;
            var apart = Math.Max(foretold / measured, measured / foretold);
            var (saving, saved) = (1 - 1 / foretold, 1 - 1 / measured);
            proposals++;
            within += apart <= 2 ? 1 : 0;
            savings += Math.Max(saving, saved) <= 2 * Math.Min(saving, saved) ? 1 : 0;
            rows.Add([name, Number(foretold, "0.0") + "×", Number(measured, "0.0") + "×", Number(report.MillisecondsBefore, "0.000"), Number(before[0].Milliseconds, "0.000"), Number(report.MillisecondsAfter, "0.000"), Number(after[0].Milliseconds, "0.000")]);
        }

        result.Tables.Add(new ResultTable(
            $"{engine}: gain of each statement's proposal, {Orders:N0} orders and {Customers:N0} customers", ["statement", "foretold", "measured", "foretold ms before", "ms before", "foretold ms after", "ms after"], rows,
            $"The share of time saved was foretold within 2× for {savings} of {proposals}; the factor of time for {within} of {proposals}."));
    }

    static async Task ThousandAsync(Database database, List<string[]> trials)
    {
        await RunAsync(database, "BEGIN;" + string.Concat(Enumerable.Range(0, 1000).Select(i => $"CREATE TABLE t{i}(id INTEGER PRIMARY KEY, a INT, b INT, c TEXT);")) + "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n < 3000) INSERT INTO t7(a, b, c) SELECT n, n % 9, 'x' FROM c; COMMIT");
        RecordedQuery[] workload = [.. Enumerable.Range(0, 20).Select(i => Query($"SELECT c FROM t7 WHERE a = {i} AND b > {i} ORDER BY {(i % 2 == 0 ? "b" : "c")} LIMIT {i + 1}"))];
        trials.Add(["SQLite with 1,000 tables", .. await TrialAsync(database, workload)]);
    }

    /// <summary>The third time: the second runs code that is still being compiled.</summary>
    static async Task<string[]> TrialAsync(Database database, RecordedQuery[] workload)
    {
        await IndexAdvisor.ReportAsync(database, workload);
        await IndexAdvisor.ReportAsync(database, workload);
        var (start, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime.TotalMicroseconds);
        var report = await IndexAdvisor.ReportAsync(database, workload);
        return [report.Plans.ToString(CultureInfo.InvariantCulture), Number(Stopwatch.GetElapsedTime(start).TotalMicroseconds / report.Plans, "0"), Number((Environment.CpuUsage.TotalTime.TotalMicroseconds - cpu) / report.Plans, "0")];
    }

    static async Task FillAsync(Database database)
    {
        var sqlite = database.Engine == DatabaseEngine.Sqlite;
        string Numbers(int n) => sqlite ? $"(WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < {n}) SELECT n FROM c)" : $"(SELECT generate_series(0, {n - 1}) AS n)";
        await RunAsync(database, "CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT, email TEXT, city TEXT, score INTEGER)");
        await RunAsync(database, "CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER, status TEXT, region INTEGER, amount REAL, created INTEGER, closed INTEGER, note TEXT)");
        await RunAsync(database, $"INSERT INTO customers SELECT s.n, 'name ' || s.n, 'user' || s.n || '@x.org', 'city ' || (s.n * 31 % 400), s.n % 100 FROM {Numbers(Customers)} s");
        await RunAsync(database, $"INSERT INTO orders SELECT s.n, (s.n::bigint * 7919 % {Customers})::int, CASE WHEN s.n % 250 = 0 THEN 'open' ELSE 'done' END, s.n * 13 % 20, (s.n % 1000) / 10.0, s.n, CASE WHEN s.n % 100 = 1 THEN NULL ELSE s.n END, 'note ' || s.n FROM {Numbers(Orders)} s".Replace(sqlite ? "::bigint" : "::none", "", StringComparison.Ordinal).Replace(sqlite ? "::int" : "::none", "", StringComparison.Ordinal));
        await RunAsync(database, sqlite ? "ANALYZE" : "VACUUM ANALYZE");
    }

    static RecordedQuery Query(string sql) => new() { Sql = sql, Example = sql, Calls = 1, TotalMs = 1, Tables = ["orders", "customers"] };

    static async Task RunAsync(Database database, string sql)
    {
        await using var connection = await database.OpenWriteAsync();
        foreach (var statement in database.Engine == DatabaseEngine.Postgres ? sql.Split(';') : [sql])
        {
            await LayoutTables.RunAsync(connection, statement);
        }
    }

    static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
