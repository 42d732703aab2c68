using System.Data.Common;
using System.Globalization;
using Fettle.Databases;
using Microsoft.Data.Sqlite;

namespace Fettle.MarketData;

/// <summary>Loads a panel with one statement: an unsorted scan, since bars are put in order while they are laid out.</summary>
/// <param name="database">SQLite or PostgreSQL.</param>
/// <param name="table">Where the bars are.</param>
public sealed class PanelLoader(Database database, PriceTable? table = null)
{
    readonly PriceTable _table = (table ?? new PriceTable()) with { };

    /// <summary>Reads every bar, or every bar up to a day.</summary>
    /// <param name="until">The last day to take; null takes all.</param>
    /// <param name="cancellation">Stops the scan.</param>
    /// <exception cref="InvalidDataException">A stock has two bars on one day, or a date is not one.</exception>
    public async Task<PricePanel> LoadAsync(DateOnly? until = null, CancellationToken cancellation = default)
    {
        var sql = $"SELECT {_table.CodeColumn}, {_table.DateColumn}, open, high, low, close, volume FROM {_table.Name}"
            + (until is null ? "" : $" WHERE {_table.DateColumn} <= @until");
        var builder = new PanelBuilder();
        await using var connection = await database.OpenReadAsync(cancellation);
        if (Database.Unwrap(connection) is SqliteConnection sqlite)
        {
            SqliteBars.Read(sqlite, sql, until, builder, cancellation);
        }
        else
        {
            await ReadAsync(connection, sql, until, builder, cancellation);
        }

        return builder.Build();
    }

    static async Task ReadAsync(DbConnection connection, string sql, DateOnly? until, PanelBuilder builder, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        if (until is { } day)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = "until";
            parameter.Value = day;
            command.Parameters.Add(parameter);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellation);
        string? last = null;
        var stock = 0;
        while (await reader.ReadAsync(cancellation))
        {
            var code = reader.GetString(0);
            if (code != last)
            {
                stock = builder.Stock(code);
                last = code;
            }

            builder.Add(
                stock,
                reader.GetFieldValue<DateOnly>(1).DayNumber,
                reader.GetDouble(2),
                reader.GetDouble(3),
                reader.GetDouble(4),
                reader.GetDouble(5),
                Convert.ToDouble(reader.GetValue(6), CultureInfo.InvariantCulture));
        }
    }
}
