using System.Data.Common;
using System.Globalization;
using Fettle.Databases;
using Fettle.Shared.Results;
using Microsoft.Data.Sqlite;

namespace Fettle.Bench.Databases;

/// <summary>A point read through a lease, recorded and not, against hand-written ADO.NET with a prepared command kept by hand.</summary>
internal sealed class DatabaseOverheadBenchmark : IBenchmark
{
    const int Reads = 2_000;

    public string Name => "database-overhead";

    public string Summary => "point read and 365-row read through Fettle against hand-written ADO.NET, recording on and off";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("fettle-bench-").FullName;
        try
        {
            var file = Path.Combine(folder, "bench.db");
            await using var recorded = Database.Open(DatabaseAddress.Parse("sqlite:" + file));
            await using (var write = await recorded.OpenWriteAsync())
            {
                foreach (var sql in new[] { "CREATE TABLE t(id INTEGER PRIMARY KEY, code INT, v REAL)", "INSERT INTO t(code, v) WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 100000) SELECT n / 365, n FROM c", "CREATE INDEX t_code ON t(code)" })
                {
                    await using var command = write.CreateCommand();
                    command.CommandText = sql;
                    await command.ExecuteNonQueryAsync();
                }
            }

            await using var silent = Database.Open(DatabaseAddress.Parse("sqlite:" + file), new DatabaseOptions { Recording = false });
            using var raw = new SqliteConnection($"Data Source={file};Mode=ReadWrite;Pooling=False");
            raw.Open();
            foreach (var (title, sql, reads) in new[] { ("point read", "SELECT v FROM t WHERE id = @k", Reads), ("365 rows", "SELECT v FROM t WHERE code = @k", Reads / 20) })
            {
                using var prepared = raw.CreateCommand();
                prepared.CommandText = sql;
                var key = prepared.CreateParameter();
                key.ParameterName = "@k";
                prepared.Parameters.Add(key);
                var timings = Interleaved.Measure(
                    15,
                    ("hand-written ADO.NET", reads, () => Hand(prepared, key, reads)),
                    ("Fettle, recording off", reads, () => Through(silent, sql, reads)),
                    ("Fettle, recording on", reads, () => Through(recorded, sql, reads)));
                result.Tables.Add(new ResultTable(title, ["path", "µs", "against ADO.NET", "bytes per call"], [.. timings.Select(t => new[]
                {
                    t.Name, (t.MedianNs / 1000).ToString("0.00", CultureInfo.InvariantCulture), (t.MedianNs / timings[0].MedianNs).ToString("0.00", CultureInfo.InvariantCulture) + "×", t.BytesPerOperation.ToString("0", CultureInfo.InvariantCulture),
                })], "A lease is taken and given back for every batch of reads; commands are made and disposed for each."));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static void Hand(DbCommand command, DbParameter key, int reads)
    {
        for (var i = 1; i <= reads; i++)
        {
            key.Value = i % 250 + 1;
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                reader.GetDouble(0);
            }
        }
    }

    static void Through(Database database, string sql, int reads)
    {
        using var connection = database.OpenReadAsync().AsTask().GetAwaiter().GetResult();
        for (var i = 1; i <= reads; i++)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            var key = command.CreateParameter();
            key.ParameterName = "@k";
            key.Value = i % 250 + 1;
            command.Parameters.Add(key);
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                reader.GetDouble(0);
            }
        }
    }
}
