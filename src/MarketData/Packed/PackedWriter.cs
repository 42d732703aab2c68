using System.Data.Common;

namespace Fettle.MarketData;

/// <summary>Writes packed rows with one prepared statement.</summary>
internal sealed class PackedWriter : IAsyncDisposable
{
    readonly DbCommand _command;

    public PackedWriter(DbConnection connection, DbTransaction transaction, string table)
    {
        _command = connection.CreateCommand();
        _command.Transaction = transaction;
        _command.CommandText = $"INSERT INTO {table} (code, first_day, last_day, bars, data) VALUES (@code, @first, @last, @bars, @data) "
            + "ON CONFLICT (code) DO UPDATE SET first_day = excluded.first_day, last_day = excluded.last_day, bars = excluded.bars, data = excluded.data";
        foreach (var name in new[] { "code", "first", "last", "bars", "data" })
        {
            var parameter = _command.CreateParameter();
            parameter.ParameterName = name;
            _command.Parameters.Add(parameter);
        }
    }

    public async Task WriteAsync(PricePanel panel, int row, CancellationToken cancellation)
    {
        var count = panel.Bars.Counts[row];
        if (count == 0)
        {
            return;
        }

        var days = panel.Days(row).ToArray();
        var bars = panel.Bars;
        object[] values =
        [
            panel.Codes[row], days[0], days[^1], count,
            PackedSeries.Encode(days, bars.Open[row][..count].ToArray(), bars.High[row][..count].ToArray(), bars.Low[row][..count].ToArray(), bars.Close[row][..count].ToArray(), bars.Volume[row][..count].ToArray()),
        ];
        for (var i = 0; i < values.Length; i++)
        {
            _command.Parameters[i].Value = values[i];
        }

        await _command.ExecuteNonQueryAsync(cancellation);
    }

    public ValueTask DisposeAsync() => _command.DisposeAsync();
}
