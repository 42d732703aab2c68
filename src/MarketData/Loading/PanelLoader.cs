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
    /// <summary>Most stocks that can be loaded by name.</summary>
    public const int MostStocks = 1000;

    readonly PriceTable _table = (table ?? new PriceTable()) with { };

    /// <summary>Reads every bar, or every bar up to a day.</summary>
    /// <param name="until">The last day to take; null takes all.</param>
    /// <param name="cancellation">Stops the scan.</param>
    /// <exception cref="InvalidDataException">A stock has two bars on one day, or a date is not one.</exception>
    public async Task<PricePanel> LoadAsync(DateOnly? until = null, CancellationToken cancellation = default)
    {
        var builder = new PanelBuilder();
        await ReadAsync(until is null ? "" : $"{_table.DateColumn} <= @until", until is { } day ? [("until", day)] : [], builder, cancellation);
        return builder.Build();
    }

    /// <summary>Reads every bar of some stocks, with one statement; a code without bars has no row in the panel.</summary>
    /// <param name="codes">Up to <see cref="MostStocks"/>.</param>
    /// <param name="cancellation">Stops the scan.</param>
    /// <exception cref="ArgumentException">There are more codes.</exception>
    /// <exception cref="InvalidDataException">A stock has two bars on one day, or a date is not one.</exception>
    public async Task<PricePanel> LoadStocksAsync(IReadOnlyCollection<string> codes, CancellationToken cancellation = default)
    {
        Throw.IfTooMany(codes.Count, MostStocks);
        var builder = new PanelBuilder();
        if (codes.Count > 0)
        {
            // Lists are filled up to one of these lengths, so that there are few statements.
            var length = new[] { 10, 100, MostStocks }.First(l => l >= codes.Count);
            var parameters = codes.Concat(Enumerable.Repeat(codes.Last(), length - codes.Count)).Select((code, i) => ($"c{i}", (object)code)).ToArray();
            await ReadAsync($"{_table.CodeColumn} IN ({string.Join(", ", parameters.Select(p => "@" + p.Item1))})", parameters, builder, cancellation);
        }

        return builder.Build();
    }

    async Task ReadAsync(string condition, (string Name, object Value)[] parameters, PanelBuilder builder, CancellationToken cancellation)
    {
        var sql = $"SELECT {_table.CodeColumn}, {_table.DateColumn}, open, high, low, close, volume FROM {_table.Name}" + (condition.Length > 0 ? " WHERE " + condition : "");
        await using var connection = await database.OpenReadAsync(cancellation);
        if (Database.Unwrap(connection) is SqliteConnection sqlite)
        {
            SqliteBars.Read(sqlite, sql, [.. parameters.Select(p => p.Value)], builder, cancellation);
        }
        else
        {
            await ReadAsync(connection, sql, parameters, builder, cancellation);
        }
    }

    static async Task ReadAsync(DbConnection connection, string sql, (string Name, object Value)[] parameters, PanelBuilder builder, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
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
