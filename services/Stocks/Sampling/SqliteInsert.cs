using System.Buffers.Text;
using System.Globalization;
using System.Text;
using SQLitePCL;

namespace Fettle.Services.Stocks.Sampling;

/// <summary>One prepared INSERT whose values are bound in the order of its columns; NaN and null become NULL.</summary>
internal sealed class SqliteInsert : IDisposable
{
    readonly sqlite3 _database;
    readonly sqlite3_stmt _statement;
    readonly string _table;
    int _next = 1;

    public SqliteInsert(sqlite3 database, string table, IEnumerable<string> columns)
    {
        var names = columns.ToArray();
        (_database, _table) = (database, table);
        Check(raw.sqlite3_prepare_v2(
            database, $"INSERT INTO {table} ({string.Join(", ", names)}) VALUES ({string.Join(", ", names.Select(_ => "?"))})", out _statement));
    }

    public static byte[] Date(DateOnly day)
    {
        var text = new byte[10];
        Write(text, day.Year, day.Month, day.Day);
        return text;
    }

    /// <summary>ISO 8601 without an offset, to the second.</summary>
    public static byte[] Timestamp(DateTime time) => Encoding.ASCII.GetBytes(time.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));

    public SqliteInsert Text(ReadOnlySpan<byte> utf8)
    {
        Check(raw.sqlite3_bind_text(_statement, _next++, utf8));
        return this;
    }

    public SqliteInsert Text(string? value)
    {
        if (value is null)
        {
            Check(raw.sqlite3_bind_null(_statement, _next++));
            return this;
        }

        return Text(Encoding.UTF8.GetBytes(value));
    }

    public SqliteInsert Integer(long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, _next++, value));
        return this;
    }

    public SqliteInsert Real(double value)
    {
        Check(double.IsNaN(value) ? raw.sqlite3_bind_null(_statement, _next) : raw.sqlite3_bind_double(_statement, _next, value));
        _next++;
        return this;
    }

    public void Run()
    {
        var result = raw.sqlite3_step(_statement);
        raw.sqlite3_reset(_statement);
        _next = 1;
        if (result != raw.SQLITE_DONE)
        {
            Check(result);
        }
    }

    public void Dispose() => _statement.Dispose();

    static void Write(Span<byte> text, int year, int month, int day)
    {
        Utf8Formatter.TryFormat(year, text, out _, new('D', 4));
        text[4] = text[7] = (byte)'-';
        Utf8Formatter.TryFormat(month, text[5..], out _, new('D', 2));
        Utf8Formatter.TryFormat(day, text[8..], out _, new('D', 2));
    }

    void Check(int result)
    {
        if (result != raw.SQLITE_OK)
        {
            Throw.BadData($"SQLite refused a row of {_table}: {raw.sqlite3_errmsg(_database).utf8_to_string()}");
        }
    }
}
