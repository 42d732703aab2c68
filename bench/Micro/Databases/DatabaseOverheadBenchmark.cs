using System.Data.Common;
using System.Globalization;
using Fettle.Databases;
using Fettle.Shared.Results;
using Microsoft.Data.Sqlite;

namespace Fettle.Bench.Databases;

/// <summary>Reads through a lease, recorded and not, against hand-written ADO.NET: with one command kept by hand, and with a command made for each read.</summary>
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
                using var prepared = Command(raw, sql);
                await using var silentLease = await silent.OpenReadAsync();
                await using var recordedLease = await recorded.OpenReadAsync();
                using var silentCommand = Command(silentLease, sql);
                using var recordedCommand = Command(recordedLease, sql);
                var timings = Interleaved.Measure(
                    31,
                    ("hand-written ADO.NET, one command kept", reads, () => Kept(prepared, reads)),
                    ("Fettle, one command kept, recording off", reads, () => Kept(silentCommand, reads)),
                    ("Fettle, one command kept, recording on", reads, () => Kept(recordedCommand, reads)),
                    ("hand-written ADO.NET, a command for each read", reads, () => Made(raw, sql, reads)),
                    ("Fettle, a command for each read, recording off", reads, () => Through(silent, sql, reads)),
                    ("Fettle, a command for each read, recording on", reads, () => Through(recorded, sql, reads)));
                string Against(int one, int other) => (timings[one].MedianNs / timings[other].MedianNs).ToString("0.00", CultureInfo.InvariantCulture) + "×";
                result.Tables.Add(new ResultTable(title, ["path", "µs", "against ADO.NET of its kind", "against one command kept", "bytes per call"], [.. timings.Select((t, i) => new[]
                {
                    t.Name, (t.MedianNs / 1000).ToString("0.00", CultureInfo.InvariantCulture), Against(i, i / 3 * 3), Against(i, 0), t.BytesPerOperation.ToString("0", CultureInfo.InvariantCulture),
                })], "Where a command is made for each read, Fettle takes a lease for every batch of reads and finds the prepared statement again by its text; plain ADO.NET prepares it each time."));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static DbCommand Command(DbConnection connection, string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        var key = command.CreateParameter();
        key.ParameterName = "@k";
        command.Parameters.Add(key);
        return command;
    }

    static void Kept(DbCommand command, int reads)
    {
        for (var i = 1; i <= reads; i++)
        {
            command.Parameters[0].Value = i % 250 + 1;
            Read(command);
        }
    }

    static void Made(DbConnection connection, string sql, int reads)
    {
        for (var i = 1; i <= reads; i++)
        {
            using var command = Command(connection, sql);
            command.Parameters[0].Value = i % 250 + 1;
            Read(command);
        }
    }

    static void Through(Database database, string sql, int reads)
    {
        using var connection = database.OpenReadAsync().AsTask().GetAwaiter().GetResult();
        Made(connection, sql, reads);
    }

    static void Read(DbCommand command)
    {
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            reader.GetDouble(0);
        }
    }
}
