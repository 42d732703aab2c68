using System.Data.Common;
using System.Globalization;
using Fettle.Databases;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Stocks.BatchRuns;

/// <summary>
/// The tables of batch runs. Predictions, skips and the counters of the run change in one transaction per chunk, so that a run
/// that is cut off at any point can go on where its last chunk ended.
/// </summary>
internal sealed class BatchRunTable(Database database)
{
    const string Columns = "run_id, prediction_date, model_version, codes, status, total, scored, skipped, started_at, finished_at, csv_path, error";

    readonly DatabaseEngine _engine = database.Engine;

    public async Task<BatchRun?> FindAsync(string runId, CancellationToken cancellation)
    {
        await using var connection = await database.OpenReadAsync(cancellation);
        return await FirstAsync(connection.Command($"SELECT {Columns} FROM {StocksSchema.BatchRuns} WHERE run_id = @run", ("run", runId)), cancellation);
    }

    /// <summary>A run of the same date, model and codes that has not finished.</summary>
    public async Task<BatchRun?> FindUnfinishedAsync(DateOnly date, string modelVersion, IReadOnlyList<string>? codes, CancellationToken cancellation)
    {
        await using var connection = await database.OpenReadAsync(cancellation);
        var command = connection.Command(
            $"SELECT {Columns} FROM {StocksSchema.BatchRuns} WHERE prediction_date = @date AND model_version = @version AND status IN ('queued', 'running') "
                + (codes is null ? "AND codes IS NULL" : "AND codes = @codes") + " ORDER BY id DESC",
            ("date", DatabaseValues.Of(_engine, date)), ("version", modelVersion));
        if (codes is not null)
        {
            command.With("codes", string.Join(',', codes));
        }

        return await FirstAsync(command, cancellation);
    }

    /// <summary>Writes a new run and takes away what an earlier run of the same date, model and codes left.</summary>
    public async Task CreateAsync(BatchRun run, CancellationToken cancellation)
    {
        await using var connection = await database.OpenWriteAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await RunAsync(connection, transaction, $"INSERT INTO {StocksSchema.BatchRuns} ({Columns}) VALUES (@run, @date, @version, @codes, @status, 0, 0, 0, @started, NULL, NULL, NULL)", cancellation,
            ("run", run.RunId), ("date", DatabaseValues.Of(_engine, run.Date)), ("version", run.ModelVersion),
            ("codes", run.Codes is null ? null : string.Join(',', run.Codes)), ("status", run.Status), ("started", run.StartedAt.ToString("O")));
        var delete = $"DELETE FROM {StocksSchema.DailyPredictions} WHERE prediction_date = @date AND model_version = @version";
        if (run.Codes is null)
        {
            await RunAsync(connection, transaction, delete, cancellation, ("date", DatabaseValues.Of(_engine, run.Date)), ("version", run.ModelVersion));
        }

        foreach (var code in run.Codes ?? [])
        {
            await RunAsync(connection, transaction, delete + " AND bse_code = @code", cancellation,
                ("date", DatabaseValues.Of(_engine, run.Date)), ("version", run.ModelVersion), ("code", code));
        }

        await transaction.CommitAsync(cancellation);
    }

    /// <summary>The codes that the run has dealt with, scored or skipped.</summary>
    public async Task<(HashSet<string> Scored, HashSet<string> Skipped)> DoneAsync(BatchRun run, CancellationToken cancellation)
    {
        await using var connection = await database.OpenReadAsync(cancellation);
        var scored = await CodesAsync(connection.Command(
            $"SELECT bse_code FROM {StocksSchema.DailyPredictions} WHERE prediction_date = @date AND model_version = @version",
            ("date", DatabaseValues.Of(_engine, run.Date)), ("version", run.ModelVersion)), cancellation);
        var skipped = await CodesAsync(connection.Command($"SELECT bse_code FROM {StocksSchema.BatchRunSkips} WHERE run_id = @run", ("run", run.RunId)), cancellation);
        return (scored, skipped);
    }

    /// <summary>One chunk and the counters after it, all or nothing.</summary>
    public async Task WriteChunkAsync(
        BatchRun run, IReadOnlyList<(string Code, double Probability)> scored, IReadOnlyList<SkippedStock> skipped, CancellationToken cancellation)
    {
        await using var connection = await database.OpenWriteAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (scored.Count > 0)
        {
            await using var insert = connection.Command(
                $"INSERT INTO {StocksSchema.DailyPredictions} (bse_code, prediction_date, model_version, predicted_label, probability, confidence) VALUES (@code, @date, @version, @label, @probability, @confidence)",
                ("code", ""), ("date", DatabaseValues.Of(_engine, run.Date)), ("version", run.ModelVersion), ("label", 0), ("probability", 0.0), ("confidence", ""));
            insert.Transaction = transaction;
            foreach (var (code, probability) in scored)
            {
                insert.Parameters[0].Value = code;
                insert.Parameters[3].Value = probability >= 0.5 ? 1 : 0;
                insert.Parameters[4].Value = probability;
                insert.Parameters[5].Value = Predictions.Confidence.Of(probability);
                await insert.ExecuteNonQueryAsync(cancellation);
            }
        }

        foreach (var skip in skipped)
        {
            await RunAsync(connection, transaction, $"INSERT INTO {StocksSchema.BatchRunSkips} (run_id, bse_code, reason, detail) VALUES (@run, @code, @reason, @detail)", cancellation,
                ("run", run.RunId), ("code", skip.BseCode), ("reason", skip.Reason), ("detail", skip.Detail));
        }

        await UpdateAsync(connection, transaction, run, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    public async Task UpdateAsync(BatchRun run, CancellationToken cancellation)
    {
        await using var connection = await database.OpenWriteAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await UpdateAsync(connection, transaction, run, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    public async Task<Dictionary<string, int>> SkippedByReasonAsync(string runId, CancellationToken cancellation)
    {
        await using var connection = await database.OpenReadAsync(cancellation);
        await using var command = connection.Command($"SELECT reason, COUNT(*) FROM {StocksSchema.BatchRunSkips} WHERE run_id = @run GROUP BY reason ORDER BY reason", ("run", runId));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
        {
            counts.Add(reader.GetString(0), (int)reader.GetInt64(1));
        }

        return counts;
    }

    /// <summary>Every prediction of the run's date and model, most likely first.</summary>
    public async Task<List<(string Code, double Probability)>> RankedAsync(BatchRun run, CancellationToken cancellation)
    {
        await using var connection = await database.OpenReadAsync(cancellation);
        await using var command = connection.Command(
            $"SELECT bse_code, probability FROM {StocksSchema.DailyPredictions} WHERE prediction_date = @date AND model_version = @version ORDER BY probability DESC, bse_code",
            ("date", DatabaseValues.Of(_engine, run.Date)), ("version", run.ModelVersion));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var ranked = new List<(string, double)>();
        while (await reader.ReadAsync(cancellation))
        {
            ranked.Add((reader.GetString(0), reader.GetDouble(1)));
        }

        return ranked;
    }

    static Task UpdateAsync(DbConnection connection, DbTransaction transaction, BatchRun run, CancellationToken cancellation) => RunAsync(connection, transaction,
        $"UPDATE {StocksSchema.BatchRuns} SET status = @status, total = @total, scored = @scored, skipped = @skipped, finished_at = @finished, csv_path = @csv, error = @error WHERE run_id = @run", cancellation,
        ("status", run.Status), ("total", run.Total), ("scored", run.Scored), ("skipped", run.Skipped), ("finished", run.FinishedAt?.ToString("O")),
        ("csv", run.CsvPath), ("error", run.Error), ("run", run.RunId));

    static async Task RunAsync(DbConnection connection, DbTransaction transaction, string sql, CancellationToken cancellation, params (string, object?)[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        command.Transaction = transaction;
        await command.ExecuteNonQueryAsync(cancellation);
    }

    static async Task<HashSet<string>> CodesAsync(DbCommand command, CancellationToken cancellation)
    {
        var codes = new HashSet<string>(StringComparer.Ordinal);
        await using (command)
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                codes.Add(reader.GetString(0));
            }
        }

        return codes;
    }

    async Task<BatchRun?> FirstAsync(DbCommand command, CancellationToken cancellation)
    {
        await using (command)
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            return await reader.ReadAsync(cancellation) ? Read(reader) : null;
        }
    }

    BatchRun Read(DbDataReader r) => new()
    {
        RunId = r.GetString(0),
        Date = DateOnly.FromDayNumber(DatabaseValues.Day(r, 1, _engine)),
        ModelVersion = r.GetString(2),
        Codes = DatabaseValues.Text(r, 3)?.Split(','),
        Status = r.GetString(4),
        Total = r.GetInt32(5),
        Scored = r.GetInt32(6),
        Skipped = r.GetInt32(7),
        StartedAt = DateTimeOffset.Parse(r.GetString(8), CultureInfo.InvariantCulture),
        FinishedAt = DatabaseValues.Text(r, 9) is { } finished ? DateTimeOffset.Parse(finished, CultureInfo.InvariantCulture) : null,
        CsvPath = DatabaseValues.Text(r, 10),
        Error = DatabaseValues.Text(r, 11),
    };
}
