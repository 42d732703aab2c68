using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Fettle.Databases;
using Fettle.Shared.Results;
using Fettle.Testing;

namespace Fettle.Bench.Databases;

/// <summary>
/// Daily bars in five layouts on both engines: one stock, all stocks, size, the price of a day's ingest, and what the advisor foretold of each.
/// <c>--prepare FOLDER</c> makes the tables and asks the advisor (<c>--data FOLDER --foretell</c> asks it again), <c>--data FOLDER</c> measures them: at full size (<c>--stocks 11000</c>) the making takes minutes.
/// Without either, 1,000 stocks in a temporary folder.
/// </summary>
internal sealed class DatabaseLayoutBenchmark : IBenchmark
{
    const int Calls = 15;

    public string Name => "database-layouts";

    public string Summary => "bars in five table layouts on both engines [--stocks N] [--prepare FOLDER | --data FOLDER [--foretell]]";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var prepare = Argument(arguments, "--prepare");
        var data = Argument(arguments, "--data");
        var folder = prepare ?? data ?? Directory.CreateTempSubdirectory("fettle-bench-").FullName;
        Directory.CreateDirectory(folder);
        if (prepare is null && data is null && !OperatingSystem.IsWindows())
        {
            // The server runs as another user and must come through.
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }

        var about = Path.Combine(folder, "about.json");
        try
        {
            var stocks = data is null ? int.Parse(Argument(arguments, "--stocks") ?? "1000", CultureInfo.InvariantCulture) : JsonSerializer.Deserialize<Prepared>(await File.ReadAllTextAsync(about))!.Stocks;
            var tables = new LayoutTables(folder, stocks);
            await using var server = PostgresServer.Missing is null ? await PostgresServer.OpenAsync(Path.Combine(folder, "postgres"), "shared_buffers=512MB", "maintenance_work_mem=256MB", "max_wal_size=4GB") : null;
            if (data is null)
            {
                await tables.FillSqliteAsync();
                var foretold = new Dictionary<string, List<Foretold>> { ["sqlite"] = await ForetellAsync(tables.Sqlite("plain")) };
                if (server is not null)
                {
                    await tables.FillPostgresAsync(server);
                    foretold["postgres"] = await ForetellAsync(LayoutTables.Postgres(server, "plain"));
                }

                await File.WriteAllTextAsync(about, JsonSerializer.Serialize(new Prepared(stocks, foretold)));
            }

            if (data is not null && arguments.Contains("--foretell"))
            {
                var foretold = new Dictionary<string, List<Foretold>> { ["sqlite"] = await ForetellAsync(tables.Sqlite("plain")) };
                if (server is not null)
                {
                    foretold["postgres"] = await ForetellAsync(LayoutTables.Postgres(server, "plain"));
                }

                await File.WriteAllTextAsync(about, JsonSerializer.Serialize(new Prepared(stocks, foretold)));
                return;
            }

            if (prepare is null)
            {
                var known = JsonSerializer.Deserialize<Prepared>(await File.ReadAllTextAsync(about))!;
                await MeasureAsync(result, tables, stocks, known.Advice["sqlite"], tables.Sqlite, null);
                if (server is not null)
                {
                    await MeasureAsync(result, tables, stocks, known.Advice["postgres"], layout => LayoutTables.Postgres(server, layout), server);
                }
            }
        }
        finally
        {
            if (prepare is null && data is null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    sealed record Prepared(int Stocks, Dictionary<string, List<Foretold>> Advice);

    sealed record Foretold(string Layout, string Title, double Times, long Bytes, double Insert);

    /// <summary>What the advisor says of the table without an index: plain indexes only, covering ones too, layouts.</summary>
    static async Task<List<Foretold>> ForetellAsync(DatabaseAddress address)
    {
        await using var database = LayoutTables.Open(address);
        RecordedQuery Query(string sql, long calls) => new() { Sql = sql, Example = sql, Calls = calls, TotalMs = calls, Samples = [new Dictionary<string, JsonElement> { ["code"] = JsonSerializer.SerializeToElement("500007") }] };
        RecordedQuery[] workload = [Query(LayoutTables.OneStock("plain"), 10_000)];
        var found = new List<Foretold>();
        void Add(string layout, DatabaseAction? action)
        {
            if (action?.Evidence.Serves is [var served, ..])
            {
                found.Add(new Foretold(layout, action.Title, served.MillisecondsBefore / Math.Max(1e-9, served.MillisecondsAfter), action.Evidence.Bytes, action.Evidence.WriteAmplification));
            }
        }

        Add("index", (await IndexAdvisor.AdviseAsync(database, workload, new AdvisorOptions { MaxCoveringColumns = 0 })).FirstOrDefault());
        Add("covering", (await IndexAdvisor.AdviseAsync(database, workload)).FirstOrDefault());
        Add("clustered", (await LayoutAdvisor.AdviseAsync(database, workload)).FirstOrDefault(a => !a.Id.EndsWith(".brin", StringComparison.Ordinal)));
        return found;
    }

    static async Task MeasureAsync(ResultDocument result, LayoutTables tables, int stocks, List<Foretold> foretold, Func<string, DatabaseAddress> address, PostgresServer? server)
    {
        var rows = new List<string[]>();
        var advice = new List<string[]>();
        var (plain, plainIngest, engine) = (0.0, 0.0, "");
        foreach (var layout in LayoutTables.Layouts)
        {
            await using var database = LayoutTables.Open(address(layout));
            engine = await database.DescribeEngineAsync();
            var bytes = await BytesAsync(database);
            var (one, cpu) = await OneAsync(database, layout, stocks, server);
            var touched = await TouchedAsync(database, layout);
            var cold = server is null ? Number(await ColdAsync(database, layout)) : "";
            var all = await AllAsync(database, layout, stocks);
            var ingest = await IngestAsync(database, tables, layout, server is null);
            (plain, plainIngest) = layout == "plain" ? (one, ingest) : (plain, plainIngest);
            rows.Add([LayoutTables.Titles[layout], Number(one), Number(plain / one, "0") + "×", Number(cpu), Number(touched / 1024, "0"), cold, Number(all, "0.00"), Number(bytes / 1e6, "0"), Number(ingest, "0"), Number(ingest / plainIngest, "0.0") + "×"]);
            if (foretold.Find(f => f.Layout == layout) is { } told)
            {
                advice.Add([told.Title, Number(told.Times, "0") + "×", Number(plain / one, "0") + "×", Number(told.Bytes / 1e6, "0"), Number(told.Insert, "0.0") + "×", Number(ingest / plainIngest, "0.0") + "×"]);
            }
        }

        result.Tables.Add(new ResultTable(
            $"{engine}: one stock × {LayoutTables.Days} bars out of {stocks * (long)LayoutTables.Days:N0}",
            ["layout", "warm ms", "gain", "CPU ms", "KB touched", "cold ms", "all stocks s", "MB", "a day's ingest ms", "ingest"], rows,
            "Warm and ingest are medians; CPU counts the engine's process and its workers; KB touched are pages looked at, from memory or disk; cold is after the file has left the page cache (SQLite)."));
        result.Tables.Add(new ResultTable($"{engine}: what the advisor foretold on the table without an index", ["proposal", "foretold", "measured", "MB foretold", "insert foretold", "ingest measured"], advice));
    }

    static async Task<(double Milliseconds, double Cpu)> OneAsync(Database database, string layout, int stocks, PostgresServer? server)
    {
        await using var connection = await database.OpenReadAsync();
        var random = new Random(5);
        var codes = Enumerable.Range(0, Calls).Select(_ => (500_000 + random.Next(stocks)).ToString(CultureInfo.InvariantCulture)).ToArray();
        var times = new List<double>();
        var (cpu, begun) = (0.0, 0L);
        for (var call = -2; call < Calls || (Stopwatch.GetElapsedTime(begun).TotalSeconds < 1 && call < 20_000); call++)
        {
            if (call == 0)
            {
                (cpu, begun) = (EngineCpu.Milliseconds(server), Stopwatch.GetTimestamp());
            }

            await using var command = connection.CreateCommand();
            command.CommandText = LayoutTables.OneStock(layout);
            var parameter = command.CreateParameter();
            parameter.ParameterName = "code";
            parameter.Value = codes[(call + 2) % Calls];
            command.Parameters.Add(parameter);
            var start = Stopwatch.GetTimestamp();
            var read = await ReadAsync(command, layout);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            if (read != LayoutTables.Days)
            {
                throw new InvalidOperationException($"{layout} gave {read} bars instead of {LayoutTables.Days}");
            }
        }

        var counted = times.Skip(2).Order().ToArray();
        return (counted[counted.Length / 2], (EngineCpu.Milliseconds(server) - cpu) / counted.Length);
    }

    static async Task<int> ReadAsync(System.Data.Common.DbCommand command, string layout)
    {
        await using var reader = await command.ExecuteReaderAsync();
        var read = 0;
        while (await reader.ReadAsync())
        {
            read += layout == "packed" ? ((byte[])reader.GetValue(reader.FieldCount - 1)).Length / 8 : reader.GetDouble(1) > 0 ? 1 : 0;
        }

        return read;
    }

    /// <summary>Bytes of the pages that one call looks at.</summary>
    static async Task<double> TouchedAsync(Database database, string layout)
    {
        var sql = LayoutTables.OneStock(layout);
        var measured = await WorkloadMeasurement.RunAsync(database, [new RecordedQuery { Sql = sql, Example = sql, Calls = 1, Samples = [new Dictionary<string, JsonElement> { ["code"] = JsonSerializer.SerializeToElement("500007") }] }], 1);
        return measured[0].Pages * (database.Engine == DatabaseEngine.Sqlite ? 4096 : 8192);
    }

    static async Task<double> ColdAsync(Database database, string layout)
    {
        var times = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            await database.ClearPoolAsync();
            Evict(database.Address.Value);
            await using var connection = await database.OpenReadAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = LayoutTables.OneStock(layout).Replace("@code", $"'{500_100 + i * 150}'", StringComparison.Ordinal);
            var start = Stopwatch.GetTimestamp();
            await ReadAsync(command, layout);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return times.Order().ElementAt(2);
    }

    static async Task<double> AllAsync(Database database, string layout, int stocks)
    {
        await using var connection = await database.OpenReadAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = LayoutTables.AllStocks(layout);
        command.CommandTimeout = 0;
        var start = Stopwatch.GetTimestamp();
        await using var reader = await command.ExecuteReaderAsync();
        var bars = 0L;
        while (await reader.ReadAsync())
        {
            bars += layout == "packed" ? ((byte[])reader.GetValue(1)).Length / 8 : reader.GetDouble(1) > 0 ? 1 : 0;
        }

        return bars >= stocks * (long)LayoutTables.Days ? Stopwatch.GetElapsedTime(start).TotalSeconds : throw new InvalidOperationException($"{layout} gave {bars} bars in all");
    }

    /// <summary>The median of three days, committed; they are taken out again.</summary>
    static async Task<double> IngestAsync(Database database, LayoutTables tables, string layout, bool sqlite)
    {
        var times = new List<double>();
        await using var connection = await database.OpenWriteAsync();
        for (var day = 1; day <= 3; day++)
        {
            var start = Stopwatch.GetTimestamp();
            await LayoutTables.RunAsync(connection, tables.Ingest(layout, sqlite, $"2025-02-0{day}"));
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        var back = sqlite ? $"UPDATE bars SET closes = CAST(substr(closes, 1, {8 * LayoutTables.Days}) AS BLOB)" : $"UPDATE bars SET closes = substr(closes, 1, {8 * LayoutTables.Days})";
        await LayoutTables.RunAsync(connection, layout == "packed" ? back : "DELETE FROM bars WHERE date >= '2025-02-01'");
        return times.Order().ElementAt(1);
    }

    static async Task<double> BytesAsync(Database database)
    {
        if (database.Engine == DatabaseEngine.Sqlite)
        {
            return new FileInfo(database.Address.Value).Length;
        }

        await using var connection = await database.OpenReadAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT pg_total_relation_size('bars')";
        return Convert.ToDouble(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    static void Evict(string file)
    {
        using var handle = File.OpenHandle(file);
        _ = Advise((int)handle.DangerousGetHandle(), 0, 0, 4);
    }

    [DllImport("libc", EntryPoint = "posix_fadvise")]
    static extern int Advise(int descriptor, long offset, long length, int advice);

    static string Number(double value, string format = "0.000") => value.ToString(format, CultureInfo.InvariantCulture);

    static string? Argument(string[] arguments, string name) => Array.IndexOf(arguments, name) is var at and >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
}
