using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Fettle.MarketData;

/// <summary>
/// Reads bars from SQLite's own rows. The provider makes two strings a row, which for four million bars costs more than the scan;
/// here codes and dates stay bytes.
/// </summary>
internal static class SqliteBars
{
    const int Stride = 1 << 12;

    /// <param name="connection">Open.</param>
    /// <param name="sql">Selects code, day, open, high, low, close, volume.</param>
    /// <param name="values">Days and texts, in the order in which the statement names its parameters.</param>
    /// <param name="builder">Takes the bars.</param>
    /// <param name="cancellation">Stops the scan.</param>
    public static void Read(SqliteConnection connection, string sql, object[] values, PanelBuilder builder, CancellationToken cancellation)
    {
        var handle = connection.Handle!;
        Check(handle, raw.sqlite3_prepare_v2(handle, sql, out var statement));
        using (statement)
        {
            for (var i = 0; i < values.Length; i++)
            {
                Check(handle, raw.sqlite3_bind_text(statement, i + 1, values[i] is DateOnly day ? day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : (string)values[i]));
            }

            var stocks = new Dictionary<ulong, int>();
            var rows = 0;
            int code;
            while ((code = raw.sqlite3_step(statement)) == raw.SQLITE_ROW)
            {
                var stock = Stock(raw.sqlite3_column_blob(statement, 0), stocks, builder);
                builder.Add(
                    stock,
                    Day(raw.sqlite3_column_blob(statement, 1), statement),
                    raw.sqlite3_column_double(statement, 2),
                    raw.sqlite3_column_double(statement, 3),
                    raw.sqlite3_column_double(statement, 4),
                    raw.sqlite3_column_double(statement, 5),
                    raw.sqlite3_column_double(statement, 6));
                if (++rows % Stride == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                }
            }

            if (code != raw.SQLITE_DONE)
            {
                Check(handle, code);
            }
        }
    }

    static int Stock(ReadOnlySpan<byte> text, Dictionary<ulong, int> stocks, PanelBuilder builder)
    {
        // Codes of up to seven bytes, with their length, are a number; longer ones take the slow way.
        if (text.Length > 7)
        {
            return builder.Stock(Encoding.UTF8.GetString(text));
        }

        var key = (ulong)text.Length << 56;
        for (var i = 0; i < text.Length; i++)
        {
            key |= (ulong)text[i] << (8 * i);
        }

        if (!stocks.TryGetValue(key, out var stock))
        {
            stock = builder.Stock(Encoding.UTF8.GetString(text));
            stocks.Add(key, stock);
        }

        return stock;
    }

    static int Day(ReadOnlySpan<byte> text, sqlite3_stmt statement)
    {
        if (text.Length >= 10 && text[4] == '-' && text[7] == '-')
        {
            var year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
            var month = (text[5] - '0') * 10 + (text[6] - '0');
            var day = (text[8] - '0') * 10 + (text[9] - '0');
            if (IsDigits(text[..4]) && IsDigits(text.Slice(5, 2)) && IsDigits(text.Slice(8, 2))
                && year >= 1 && month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month))
            {
                return new DateOnly(year, month, day).DayNumber;
            }
        }

        throw Throw.BadDate(raw.sqlite3_column_text(statement, 0).utf8_to_string(), Encoding.UTF8.GetString(text));
    }

    static bool IsDigits(ReadOnlySpan<byte> text) => !text.ContainsAnyExceptInRange((byte)'0', (byte)'9');

    static void Check(sqlite3 handle, int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw new SqliteException($"{raw.sqlite3_errmsg(handle).utf8_to_string()} (while reading bars)", code);
        }
    }
}
