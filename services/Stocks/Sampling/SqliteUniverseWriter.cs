using System.Text;
using Fettle.Databases;
using Fettle.Services.Stocks.Schema;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Fettle.Services.Stocks.Sampling;

/// <summary>
/// Bulk insert into a new SQLite file: statements prepared once, values bound without boxing, large transactions, no journal and no
/// sync while the file is temporary, then one rename. A crash leaves the temporary file only.
/// </summary>
internal sealed class SqliteUniverseWriter : IUniverseWriter
{
    const int StocksPerTransaction = 500;

    readonly string _path;
    readonly string _temporary;
    readonly SqliteConnection _connection;
    readonly SqliteInsert _stocks, _prices, _financials, _news, _calendar, _labels, _static;
    readonly byte[][] _days;
    readonly byte[] _computedOn;
    int _inTransaction;
    bool _closed;

    public SqliteUniverseWriter(string path, DateOnly[] days)
    {
        _ = SqliteEngine.Version; // Chooses the engine before the first handle is made.
        _path = Path.GetFullPath(path);
        _temporary = _path + ".building";
        _days = Array.ConvertAll(days, SqliteInsert.Date);
        _computedOn = SqliteInsert.Date(days[^1]);
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        File.Delete(_temporary);
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _temporary, Pooling = false }.ToString());
        _connection.Open();
        Execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536;");
        foreach (var statement in StocksSchema.Create(DatabaseEngine.Sqlite))
        {
            Execute(statement);
        }

        Execute("BEGIN");
        _stocks = Insert(StocksSchema.Stocks, 7);
        _prices = Insert(StocksSchema.Prices, 12);
        _financials = Insert(StocksSchema.Financials, 13);
        _news = Insert(StocksSchema.News, 3);
        _calendar = Insert(StocksSchema.Calendar, 2);
        _labels = Insert(StocksSchema.Labels, 6);
        _static = Insert(StocksSchema.StaticFeatures, 4);
    }

    public void Write(SampledStock stock)
    {
        if (_inTransaction++ == StocksPerTransaction)
        {
            Execute("COMMIT");
            Execute("BEGIN");
            _inTransaction = 1;
        }

        var profile = stock.Profile;
        var code = Encoding.UTF8.GetBytes(profile.BseCode);
        _stocks.Text(code).Text(profile.NseSymbol).Text(profile.CompanyName).Text(profile.Isin).Text(profile.Industry)
            .Real(profile.MarketCapCr).Text(profile.Status).Run();
        _static.Text(code).Integer(profile.IndustryCode).Integer(profile.MarketCapTier).Text(_computedOn).Run();
        foreach (var bar in stock.Bars)
        {
            _prices.Text(code).Text(_days[bar.Day]).Real(bar.Open).Real(bar.High).Real(bar.Low).Real(bar.Close).Integer(bar.Volume)
                .Real(bar.PrevClose).Real(bar.CircuitLimit).Integer(bar.HitUpper ? 1 : 0).Integer(bar.HitLower ? 1 : 0).Text("sample"u8).Run();
        }

        foreach (var q in stock.Quarters)
        {
            _financials.Text(code).Integer(q.Quarter).Integer(q.Year).Text(SqliteInsert.Date(q.AnnouncedOn))
                .Real(q.RevenueCr).Real(q.PatCr).Real(q.Eps).Real(q.Opm).Real(q.Npm)
                .Real(q.EquityCr).Real(q.DebtCr).Real(q.CurrentAssetsCr).Real(q.CurrentLiabilitiesCr).Run();
        }

        foreach (var item in stock.News)
        {
            _news.Text(code).Text(SqliteInsert.Timestamp(item.PublishedAt)).Real(item.Score).Run();
        }

        foreach (var announced in stock.Announcements)
        {
            _calendar.Text(code).Text(SqliteInsert.Date(announced)).Run();
        }

        foreach (var label in stock.Labels)
        {
            _labels.Text(code).Text(SqliteInsert.Date(label.EarningsDate)).Text(SqliteInsert.Date(label.NextDay))
                .Real(label.PriceChangePct).Integer(label.HitCircuit ? 1 : 0).Integer(label.Label).Run();
        }
    }

    public void Complete()
    {
        Execute("COMMIT");
        Close();
        File.Move(_temporary, _path, overwrite: true);
    }

    public void Dispose()
    {
        Close();
        File.Delete(_temporary);
    }

    void Close()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        foreach (var insert in new[] { _stocks, _prices, _financials, _news, _calendar, _labels, _static })
        {
            insert.Dispose();
        }

        _connection.Dispose();
    }

    SqliteInsert Insert(string table, int columns) => new(_connection.Handle!, table, StocksSchema.ColumnNames(table).Take(columns));

    void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
