using System.Data.Common;
using System.Globalization;
using Fettle.Databases;

namespace Fettle.Services.Stocks.Schema;

/// <summary>Dates are ISO text in SQLite and dates in PostgreSQL; the statements are the same, the values are not.</summary>
internal static class DatabaseValues
{
    const string TimestampFormat = "yyyy-MM-dd HH:mm:ss";

    public static object Of(DatabaseEngine engine, DateOnly date) =>
        engine == DatabaseEngine.Sqlite ? Iso(date) : date;

    public static object Of(DatabaseEngine engine, DateTime time) =>
        engine == DatabaseEngine.Sqlite ? time.ToString(TimestampFormat, CultureInfo.InvariantCulture) : time;

    public static string Iso(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public static int Day(DbDataReader reader, int column, DatabaseEngine engine) => engine == DatabaseEngine.Sqlite
        ? DateOnly.ParseExact(reader.GetString(column), "yyyy-MM-dd", CultureInfo.InvariantCulture).DayNumber
        : reader.GetFieldValue<DateOnly>(column).DayNumber;

    public static long Ticks(DbDataReader reader, int column, DatabaseEngine engine) => engine == DatabaseEngine.Sqlite
        ? DateTime.ParseExact(reader.GetString(column), TimestampFormat, CultureInfo.InvariantCulture).Ticks
        : reader.GetFieldValue<DateTime>(column).Ticks;

    /// <summary>A number, NaN for NULL. PostgreSQL is strict about types, SQLite stores whole reals as integers.</summary>
    public static double Real(DbDataReader reader, int column) => reader.IsDBNull(column) ? double.NaN : reader.GetDouble(column);

    public static string? Text(DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public static DbCommand Command(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.With(name, value);
        }

        return command;
    }

    public static DbCommand With(this DbCommand command, string name, object? value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value ?? DBNull.Value;
        command.Parameters.Add(parameter);
        return command;
    }
}
