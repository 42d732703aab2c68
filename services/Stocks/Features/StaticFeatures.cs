using System.Data.Common;
using Fettle.Databases;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Stocks.Features;

/// <summary>
/// Industry code and size tier of every stock: they change rarely, so they are computed once a calendar month and read until then. They feed filters
/// and ranking, not the 25 features.
/// </summary>
internal static class StaticFeatures
{
    /// <summary>1 large, 2 middle, 3 small, 4 micro by market capitalisation in crore rupees; 0 where it is unknown.</summary>
    public static int Tier(double capitalisation) => capitalisation switch { >= 67_000 => 1, >= 22_000 => 2, >= 1_000 => 3, >= 0 => 4, _ => 0 };

    /// <summary>Computes the table anew unless it was computed in the month of the date and has every stock. Returns the stocks computed, 0 for a table that is reused.</summary>
    public static async Task<int> EnsureAsync(Database database, DateOnly date, CancellationToken cancellation)
    {
        await using (var connection = await database.OpenReadAsync(cancellation))
        {
            if (await IsFreshAsync(connection, database.Engine, date, cancellation))
            {
                return 0;
            }
        }

        return await ComputeAsync(database, date, cancellation);
    }

    static async Task<bool> IsFreshAsync(DbConnection connection, DatabaseEngine engine, DateOnly date, CancellationToken cancellation)
    {
        var month = new DateOnly(date.Year, date.Month, 1);
        await using var command = connection.Command(
            $"SELECT (SELECT COUNT(*) FROM {StocksSchema.Stocks}), (SELECT COUNT(DISTINCT bse_code) FROM {StocksSchema.StaticFeatures} WHERE computed_on >= @from AND computed_on < @to)",
            ("from", DatabaseValues.Of(engine, month)), ("to", DatabaseValues.Of(engine, month.AddMonths(1))));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) && reader.GetInt64(0) == reader.GetInt64(1);
    }

    static async Task<int> ComputeAsync(Database database, DateOnly date, CancellationToken cancellation)
    {
        await using var connection = await database.OpenWriteAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);

        // An industry keeps the code that it has; a new one takes the next.
        var codes = new Dictionary<string, int>(StringComparer.Ordinal);
        await ReadAsync($"SELECT s.industry, MIN(f.industry_code) FROM {StocksSchema.StaticFeatures} f JOIN {StocksSchema.Stocks} s ON s.bse_code = f.bse_code "
            + "WHERE s.industry IS NOT NULL GROUP BY s.industry", r => codes.TryAdd(r.GetString(0), r.GetInt32(1)));
        var stocks = new List<(string Code, string? Industry, double Capitalisation)>();
        await ReadAsync($"SELECT bse_code, industry, market_cap_cr FROM {StocksSchema.Stocks} ORDER BY bse_code", r => stocks.Add((r.GetString(0), DatabaseValues.Text(r, 1), DatabaseValues.Real(r, 2))));
        foreach (var industry in stocks.Select(s => s.Industry).OfType<string>().Distinct().Order(StringComparer.Ordinal))
        {
            codes.TryAdd(industry, codes.Values.DefaultIfEmpty(-1).Max() + 1);
        }

        await using (var delete = connection.Command($"DELETE FROM {StocksSchema.StaticFeatures}"))
        {
            delete.Transaction = transaction;
            await delete.ExecuteNonQueryAsync(cancellation);
        }

        await using var insert = connection.Command(
            $"INSERT INTO {StocksSchema.StaticFeatures} (bse_code, industry_code, market_cap_tier, computed_on) VALUES (@code, @industry, @tier, @date)",
            ("code", ""), ("industry", 0), ("tier", 0), ("date", DatabaseValues.Of(database.Engine, date)));
        insert.Transaction = transaction;
        foreach (var (code, industry, capitalisation) in stocks)
        {
            insert.Parameters["code"].Value = code;
            insert.Parameters["industry"].Value = industry is null ? -1 : codes[industry];
            insert.Parameters["tier"].Value = Tier(capitalisation);
            await insert.ExecuteNonQueryAsync(cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return stocks.Count;

        async Task ReadAsync(string sql, Action<DbDataReader> row)
        {
            await using var command = connection.Command(sql);
            command.Transaction = transaction;
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                row(reader);
            }
        }
    }
}
