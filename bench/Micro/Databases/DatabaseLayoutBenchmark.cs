using System.Diagnostics;
using System.Globalization;
using Fettle.Databases;
using Fettle.Shared.Results;

namespace Fettle.Bench.Databases;

/// <summary>
/// One stock's bars out of all: no index, index, covering index, clustered table, one packed row per stock. SQLite; PostgreSQL too when
/// <c>--postgres CONNECTION</c> names an empty database. Default 1,000 stocks × 365 bars; <c>--stocks 11000</c> is the full size.
/// </summary>
internal sealed class DatabaseLayoutBenchmark : IBenchmark
{
    const int Days = 365;

    public string Name => "database-layouts";

    public string Summary => "one stock's bars from five table layouts [--stocks N] [--postgres CONNECTION]";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var stocks = int.Parse(Argument(arguments, "--stocks") ?? "1000", CultureInfo.InvariantCulture);
        var folder = Directory.CreateTempSubdirectory("fettle-bench-").FullName;
        try
        {
            await MeasureAsync(result, "SQLite", DatabaseAddress.Parse("sqlite:" + Path.Combine(folder, "bench.db")), stocks);
            if (Argument(arguments, "--postgres") is { } connection)
            {
                await MeasureAsync(result, "PostgreSQL", DatabaseAddress.Parse("postgres:" + connection), stocks);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task MeasureAsync(ResultDocument result, string engine, DatabaseAddress address, int stocks)
    {
        await using var database = Database.Open(address, new DatabaseOptions { Recording = false, DataVersions = false });
        var sqlite = database.Engine == DatabaseEngine.Sqlite;
        await FillAsync(database, sqlite, stocks);
        await using var connection = await database.OpenReadAsync();
        var random = new Random(5);
        var codes = Enumerable.Range(0, 15).Select(_ => (500_000 + random.Next(stocks)).ToString(CultureInfo.InvariantCulture)).ToArray();
        var rows = new List<string[]>();
        var baseline = 0.0;
        foreach (var (layout, sql) in new[]
        {
            ("no index", "SELECT date, close FROM bars_plain WHERE bse_code = @code"),
            ("(bse_code, date) index", "SELECT date, close FROM bars_index WHERE bse_code = @code"),
            ("covering index", "SELECT date, close FROM bars_covering WHERE bse_code = @code"),
            ("clustered", "SELECT date, close FROM bars_clustered WHERE bse_code = @code"),
            ("one row per stock", "SELECT closes FROM bars_packed WHERE bse_code = @code"),
        })
        {
            var times = new List<double>();
            for (var round = 0; round < codes.Length + 2; round++)
            {
                await using var command = connection.CreateCommand();
                command.CommandText = sql;
                var parameter = command.CreateParameter();
                parameter.ParameterName = "code";
                parameter.Value = codes[round % codes.Length];
                command.Parameters.Add(parameter);
                var start = Stopwatch.GetTimestamp();
                await using var reader = await command.ExecuteReaderAsync();
                var read = 0;
                while (await reader.ReadAsync())
                {
                    read += layout == "one row per stock" ? ((byte[])reader.GetValue(0)).Length / 8 : 1;
                }

                if (read != Days)
                {
                    throw new InvalidOperationException($"{layout} gave {read} bars instead of {Days}");
                }

                if (round >= 2)
                {
                    times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
            }

            var median = times.Order().ElementAt(times.Count / 2);
            baseline = baseline == 0 ? median : baseline;
            rows.Add([layout, median.ToString("0.000", CultureInfo.InvariantCulture), (baseline / median).ToString("0", CultureInfo.InvariantCulture) + "×"]);
        }

        result.Tables.Add(new ResultTable($"{await database.DescribeEngineAsync()}: one stock × {Days} bars out of {stocks * (long)Days:N0}, warm", ["layout", "median ms", "against no index"], rows));
    }

    static async Task FillAsync(Database database, bool sqlite, int stocks)
    {
        await using var connection = await database.OpenWriteAsync();
        string Numbers(int n) => sqlite ? $"(WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < {n}) SELECT n FROM c)" : $"(SELECT generate_series(0, {n - 1}) AS n)";
        var date = sqlite ? "date('2024-01-01', '+' || d.n || ' days')" : "to_char(date '2024-01-01' + d.n, 'YYYY-MM-DD')";
        var key = sqlite ? "id INTEGER PRIMARY KEY" : "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
        const string Columns = "bse_code TEXT, date TEXT, open REAL, high REAL, low REAL, close REAL, volume INTEGER, prev_close REAL, source TEXT";
        const string Names = "bse_code, date, open, high, low, close, volume, prev_close, source";
        List<string> statements =
        [
            $"CREATE TABLE bars_plain({key}, {Columns})",
            $"INSERT INTO bars_plain({Names}) SELECT CAST(500000 + s.n AS TEXT), {date}, 10.5, 11.5, 9.5, 10 + (s.n * 7 + d.n) % 90, 1000 + d.n, 10, 'generated' FROM {Numbers(Days)} d, {Numbers(stocks)} s ORDER BY d.n, s.n",
            $"CREATE TABLE bars_index({key}, {Columns})", $"INSERT INTO bars_index({Names}) SELECT {Names} FROM bars_plain ORDER BY id", "CREATE INDEX bars_index_key ON bars_index(bse_code, date)",
            $"CREATE TABLE bars_covering({key}, {Columns})", $"INSERT INTO bars_covering({Names}) SELECT {Names} FROM bars_plain ORDER BY id",
            sqlite ? "CREATE INDEX bars_covering_key ON bars_covering(bse_code, date, close)" : "CREATE INDEX bars_covering_key ON bars_covering(bse_code, date) INCLUDE (close)",
            sqlite ? $"CREATE TABLE bars_clustered({Columns}, PRIMARY KEY (bse_code, date)) WITHOUT ROWID" : $"CREATE TABLE bars_clustered({Columns})",
            $"INSERT INTO bars_clustered({Names}) SELECT {Names} FROM bars_plain ORDER BY bse_code, date",
            .. sqlite ? Array.Empty<string>() : ["CREATE INDEX bars_clustered_key ON bars_clustered(bse_code, date)"],
            $"CREATE TABLE bars_packed(bse_code TEXT PRIMARY KEY, closes {(sqlite ? "BLOB" : "bytea")})",
            sqlite ? $"INSERT INTO bars_packed SELECT bse_code, zeroblob({8 * Days}) FROM bars_plain GROUP BY bse_code" : $"INSERT INTO bars_packed SELECT bse_code, decode(repeat('00', {8 * Days}), 'hex') FROM bars_plain GROUP BY bse_code",
            sqlite ? "ANALYZE" : "VACUUM ANALYZE",
        ];
        foreach (var statement in statements)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = statement;
            command.CommandTimeout = 0;
            await command.ExecuteNonQueryAsync();
        }
    }

    static string? Argument(string[] arguments, string name) => Array.IndexOf(arguments, name) is var at and >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
}
