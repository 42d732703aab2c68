using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Fettle.Caching;
using Fettle.Databases;
using Fettle.Shared.Results;
using Fettle.Testing;

namespace Fettle.Bench.Databases;

/// <summary>
/// Four reads of a stock service, each with the untuned schema and with what the advisor proposes for all of them together: time, processor time and bytes
/// looked at, on both engines, and what the proposals cost a day's ingest.
/// </summary>
internal sealed class DatabaseClaimsBenchmark : IBenchmark
{
    const int Financed = 11_000;
    const int Samples = 100_000;
    const int Batch = 100;
    const int Days = 365;

    public string Name => "database-claims";

    public string Summary => "four reads of a stock service before and after the advice, with CPU, bytes and the price of ingest [--stocks 2000]";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var at = Array.IndexOf(arguments, "--stocks");
        var stocks = at < 0 ? 2_000 : int.Parse(arguments[at + 1], CultureInfo.InvariantCulture);
        var folder = Directory.CreateTempSubdirectory("fettle-bench-").FullName;
        try
        {
            await MeasureAsync(result, DatabaseAddress.Parse("sqlite:" + Path.Combine(folder, "stocks.db")), stocks, null);
            if (PostgresServer.Missing is null)
            {
                await using var server = await PostgresServer.StartAsync("shared_buffers=512MB", "maintenance_work_mem=128MB", "max_wal_size=4GB");
                await MeasureAsync(result, DatabaseAddress.Parse("postgres:" + server.ConnectionString()), stocks, server);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    sealed record Read(string Name, RecordedQuery Query);

    sealed record Figures(double Milliseconds, double Cpu, double Kilobytes);

    static List<Read> Reads(int stocks)
    {
        static RecordedQuery Query(string sql, long calls, params (string Name, object Value)[] sample) =>
            new() { Sql = sql, Example = sql, Calls = calls, TotalMs = calls, Samples = sample.Length == 0 ? [] : [sample.ToDictionary(s => s.Name, s => JsonSerializer.SerializeToElement(s.Value))] };
        return
        [
            new("prices of one stock over 365 days", Query("SELECT date, open, high, low, close, volume FROM prices WHERE bse_code = @code ORDER BY date", 10_000, ("code", "500077"))),
            new($"latest financials of {Financed:N0} stocks", Query("SELECT f.bse_code, f.revenue, f.profit FROM financials f JOIN (SELECT bse_code, max(announced_on) AS latest FROM financials GROUP BY bse_code) m ON m.bse_code = f.bse_code AND m.latest = f.announced_on", 10)),
            new($"prices, financials and labels joined for {Samples:N0} samples", Query("SELECT l.bse_code, l.date, p.close, f.revenue, l.label FROM labels l JOIN prices p ON p.bse_code = l.bse_code AND p.date = l.date JOIN financials f ON f.bse_code = l.bse_code AND f.quarter = l.quarter", 10)),
            new($"closes of a batch of {Batch} stocks", Query($"SELECT bse_code, date, close FROM prices WHERE bse_code IN ({string.Join(", ", Enumerable.Range(0, Batch).Select(i => $"'{500_000 + i * 7 % stocks}'"))}) ORDER BY bse_code, date", 1_000)),
        ];
    }

    static async Task MeasureAsync(ResultDocument result, DatabaseAddress address, int stocks, PostgresServer? server)
    {
        await using var database = LayoutTables.Open(address);
        await FillAsync(database, stocks);
        var reads = Reads(stocks);
        var before = new List<Figures>();
        foreach (var read in reads)
        {
            before.Add(await TimeAsync(database, read.Query, server));
        }

        var ingest = await IngestAsync(database, stocks);
        // One day's ingest beside the reads: the upkeep is in the price.
        var insert = "INSERT INTO prices(bse_code, date, open, high, low, close, volume) VALUES (@a, @b, @c, @d, @e, @f, @g)";
        RecordedQuery[] workload = [.. reads.Select(r => r.Query), new() { Sql = insert, Example = insert, Calls = stocks, TotalMs = 1, Writes = true, Tables = ["prices"] }];
        var report = await IndexAdvisor.ReportAsync(database, workload);
        foreach (var statement in report.Actions.SelectMany(a => a.Do))
        {
            await RunAsync(database, statement);
        }

        if (server is not null)
        {
            await RunAsync(database, "VACUUM");
        }

        var rows = new List<string[]>();
        for (var i = 0; i < reads.Count; i++)
        {
            var after = await TimeAsync(database, reads[i].Query, server);
            rows.Add(Row(reads[i].Name, before[i], after));
            if (i == reads.Count - 1)
            {
                rows.Add(Row("the same batch on a cache hit", before[i], await HitAsync(address, reads[i].Query)));
            }
        }

        var dearer = await IngestAsync(database, stocks);
        rows.Add([$"a day's ingest of {stocks:N0} rows (the price)", Number(ingest, "0.0"), Number(dearer, "0.0"), Number(ingest / dearer, "0.00") + "×", "", "", "", ""]);
        result.Tables.Add(new ResultTable(
            $"{await database.DescribeEngineAsync()}: {stocks * (long)Days:N0} prices, {Financed * 12:N0} financials, {Samples:N0} labels, untuned and with {report.Actions.Count} indexes of the advisor",
            ["read", "ms before", "ms after", "gain", "CPU ms before", "CPU ms after", "KB before", "KB after"], rows,
            $"Medians, warm; KB are pages looked at. Proposed: {string.Join("; ", report.Actions.Select(a => $"{a.Title}, {Number(a.Evidence.Bytes / 1e6, "0")} MB, insert {Number(a.Evidence.WriteAmplification, "0.0")}×"))}."));
    }

    static string[] Row(string name, Figures before, Figures after) =>
        [name, Number(before.Milliseconds, "0.000"), Number(after.Milliseconds, after.Milliseconds < 0.1 ? "0.00000" : "0.000"), Number(before.Milliseconds / after.Milliseconds, "0.0") + "×", Number(before.Cpu, "0.00"), Number(after.Cpu, after.Cpu < 0.1 ? "0.0000" : "0.00"), Number(before.Kilobytes, "0"), Number(after.Kilobytes, "0")];

    static async Task<Figures> TimeAsync(Database database, RecordedQuery query, PostgresServer? server)
    {
        var measured = await WorkloadMeasurement.RunAsync(database, [query], 1);
        await using var connection = await database.OpenReadAsync();
        var times = new List<double>();
        var (cpu, begun) = (0.0, 0L);
        for (var call = -1; call < 3 || (call < 5_000 && Stopwatch.GetElapsedTime(begun).TotalSeconds < 1); call++)
        {
            if (call == 0)
            {
                (cpu, begun) = (EngineCpu.Milliseconds(server), Stopwatch.GetTimestamp());
            }

            var start = Stopwatch.GetTimestamp();
            await ReadAsync(connection, query, default);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        var counted = times.Skip(1).Order().ToArray();
        return new Figures(counted[counted.Length / 2], (EngineCpu.Milliseconds(server) - cpu) / counted.Length, measured[0].Pages * (server is null ? 4 : 8));
    }

    /// <summary>What is kept is what the service computes from the rows: here their number, as nothing of it is computed again on a hit.</summary>
    static async Task<Figures> HitAsync(DatabaseAddress address, RecordedQuery query)
    {
        const int Hits = 20_000;
        await using var database = Database.Open(address, new DatabaseOptions { Recording = false });
        await using (await database.OpenWriteAsync())
        {
        }

        await using var cache = new FettleCache();
        var results = new QueryCache<double[]>(database, cache) { OtherWriters = TimeSpan.FromSeconds(1) };
        async ValueTask<double[]> Load(System.Data.Common.DbConnection connection, CancellationToken cancellation) => [await ReadAsync(connection, query, cancellation)];
        var times = new double[Hits];
        await results.GetAsync(query.Sql, [], Load);
        var cpu = Environment.CpuUsage.TotalTime.TotalMilliseconds;
        for (var i = 0; i < Hits; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await results.GetAsync(query.Sql, [], Load);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        cpu = Environment.CpuUsage.TotalTime.TotalMilliseconds - cpu;
        Array.Sort(times);
        return new Figures(times[Hits / 2], cpu / Hits, 0);
    }

    static async Task<int> ReadAsync(System.Data.Common.DbConnection connection, RecordedQuery query, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = query.Sql;
        command.CommandTimeout = 0;
        foreach (var (name, value) in query.Samples.SelectMany(s => s))
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value.GetString();
            command.Parameters.Add(parameter);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = 0;
        while (await reader.ReadAsync(cancellation))
        {
            rows++;
        }

        return rows > 0 ? rows : throw new InvalidOperationException($"no row: {query.Sql}");
    }

    /// <summary>The median of three days, committed; they are taken out again.</summary>
    static async Task<double> IngestAsync(Database database, int stocks)
    {
        var times = new List<double>();
        for (var day = 1; day <= 3; day++)
        {
            var start = Stopwatch.GetTimestamp();
            await RunAsync(database, $"INSERT INTO prices(bse_code, date, open, high, low, close, volume) SELECT CAST(500000 + s.n AS TEXT), '2025-02-0{day}', 10.5, 11.5, 9.5, 10, 1000 FROM {Numbers(database, stocks)} s");
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        await RunAsync(database, "DELETE FROM prices WHERE date >= '2025-02-01'");
        return times.Order().ElementAt(1);
    }

    static string Numbers(Database database, int count) => database.Engine == DatabaseEngine.Sqlite
        ? $"(WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < {count}) SELECT n FROM c)"
        : $"(SELECT generate_series(0, {count - 1}) AS n)";

    static async Task FillAsync(Database database, int stocks)
    {
        var sqlite = database.Engine == DatabaseEngine.Sqlite;
        var key = sqlite ? "id INTEGER PRIMARY KEY" : "id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY";
        string Date(string days) => sqlite ? $"date('2024-01-01', '+' || ({days}) || ' days')" : $"to_char(date '2024-01-01' + ({days}), 'YYYY-MM-DD')";
        foreach (var sql in new[]
        {
            $"CREATE TABLE prices({key}, bse_code TEXT, date TEXT, open REAL, high REAL, low REAL, close REAL, volume INTEGER)",
            $"CREATE TABLE financials({key}, bse_code TEXT, quarter INTEGER, announced_on TEXT, revenue REAL, profit REAL)",
            $"CREATE TABLE labels({key}, bse_code TEXT, date TEXT, quarter INTEGER, label INTEGER)",
            $"INSERT INTO prices(bse_code, date, open, high, low, close, volume) SELECT CAST(500000 + s.n AS TEXT), {Date("d.n")}, 10.5, 11.5, 9.5, 10 + (s.n * 7 + d.n) % 90, 1000 + d.n FROM {Numbers(database, Days)} d, {Numbers(database, stocks)} s ORDER BY d.n, s.n",
            $"INSERT INTO financials(bse_code, quarter, announced_on, revenue, profit) SELECT CAST(500000 + s.n AS TEXT), q.n, {Date("q.n * 30 + s.n % 20")}, 100 + s.n, 10 + q.n FROM {Numbers(database, 12)} q, {Numbers(database, Financed)} s ORDER BY q.n, s.n",
            $"INSERT INTO labels(bse_code, date, quarter, label) SELECT CAST(500000 + s.n * 13 % {stocks} AS TEXT), {Date($"s.n * 7 % {Days}")}, s.n % 12, s.n % 2 FROM {Numbers(database, Samples)} s",
            sqlite ? "ANALYZE" : "VACUUM ANALYZE",
        })
        {
            await RunAsync(database, sql);
        }
    }

    static async Task RunAsync(Database database, string sql)
    {
        await using var connection = await database.OpenWriteAsync();
        await LayoutTables.RunAsync(connection, sql);
    }

    static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
