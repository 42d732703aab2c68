using Fettle.Databases;
using Fettle.Services.Stocks.Schema;
using Npgsql;
using NpgsqlTypes;

namespace Fettle.Services.Stocks.Sampling;

/// <summary>Binary COPY, some hundred stocks at a time, in one transaction. Refuses a database that already has stocks.</summary>
internal sealed class PostgresUniverseWriter : IUniverseWriter
{
    const int StocksPerCopy = 250;

    readonly DateOnly[] _days;
    readonly NpgsqlConnection _connection;
    readonly NpgsqlTransaction _transaction;
    readonly List<SampledStock> _waiting = [];

    public PostgresUniverseWriter(string connectionString, DateOnly[] days)
    {
        _days = days;
        _connection = new NpgsqlConnection(connectionString);
        _connection.Open();
        _transaction = _connection.BeginTransaction();
        foreach (var statement in StocksSchema.Create(DatabaseEngine.Postgres))
        {
            using var command = new NpgsqlCommand(statement, _connection);
            command.ExecuteNonQuery();
        }

        using var count = new NpgsqlCommand($"SELECT EXISTS (SELECT 1 FROM {StocksSchema.Stocks})", _connection);
        if (count.ExecuteScalar() is true)
        {
            Throw.BadData("the PostgreSQL database already has stocks; give an empty database");
        }
    }

    public void Write(SampledStock stock)
    {
        _waiting.Add(stock);
        if (_waiting.Count == StocksPerCopy)
        {
            Flush();
        }
    }

    public void Complete()
    {
        Flush();
        _transaction.Commit();
    }

    public void Dispose()
    {
        _transaction.Dispose();
        _connection.Dispose();
    }

    void Flush()
    {
        Copy(StocksSchema.Stocks, 7, w => _waiting.ForEach(s => w.Row().Text(s.Profile.BseCode).Text(s.Profile.NseSymbol).Text(s.Profile.CompanyName)
            .Text(s.Profile.Isin).Text(s.Profile.Industry).Real(s.Profile.MarketCapCr).Text(s.Profile.Status)));
        Copy(StocksSchema.StaticFeatures, 4, w => _waiting.ForEach(s => w.Row().Text(s.Profile.BseCode).Int(s.Profile.IndustryCode).Int(s.Profile.MarketCapTier).Date(_days[^1])));
        Copy(StocksSchema.Prices, 12, w => _waiting.ForEach(s => s.Bars.ForEach(b => w.Row().Text(s.Profile.BseCode).Date(_days[b.Day])
            .Real(b.Open).Real(b.High).Real(b.Low).Real(b.Close).Long(b.Volume).Real(b.PrevClose).Real(b.CircuitLimit)
            .Int(b.HitUpper ? 1 : 0).Int(b.HitLower ? 1 : 0).Text("sample"))));
        Copy(StocksSchema.Financials, 13, w => _waiting.ForEach(s => s.Quarters.ForEach(q => w.Row().Text(s.Profile.BseCode).Int(q.Quarter).Int(q.Year)
            .Date(q.AnnouncedOn).Real(q.RevenueCr).Real(q.PatCr).Real(q.Eps).Real(q.Opm).Real(q.Npm)
            .Real(q.EquityCr).Real(q.DebtCr).Real(q.CurrentAssetsCr).Real(q.CurrentLiabilitiesCr))));
        Copy(StocksSchema.News, 3, w => _waiting.ForEach(s => s.News.ForEach(n => w.Row().Text(s.Profile.BseCode).Timestamp(n.PublishedAt).Real(n.Score))));
        Copy(StocksSchema.Calendar, 2, w => _waiting.ForEach(s => s.Announcements.ForEach(a => w.Row().Text(s.Profile.BseCode).Date(a))));
        Copy(StocksSchema.Labels, 6, w => _waiting.ForEach(s => s.Labels.ForEach(l => w.Row().Text(s.Profile.BseCode).Date(l.EarningsDate).Date(l.NextDay)
            .Real(l.PriceChangePct).Int(l.HitCircuit ? 1 : 0).Int(l.Label))));
        _waiting.Clear();
    }

    void Copy(string table, int columns, Action<CopyRow> rows)
    {
        using var importer = _connection.BeginBinaryImport(
            $"COPY {table} ({string.Join(", ", StocksSchema.ColumnNames(table).Take(columns))}) FROM STDIN (FORMAT BINARY)");
        rows(new CopyRow(importer));
        importer.Complete();
    }

    /// <summary>One typed value after another; NaN and null become NULL.</summary>
    sealed class CopyRow(NpgsqlBinaryImporter importer)
    {
        public CopyRow Row()
        {
            importer.StartRow();
            return this;
        }

        public CopyRow Text(string? value) => value is null ? Null() : Put(value, NpgsqlDbType.Text);

        public CopyRow Real(double value) => double.IsNaN(value) ? Null() : Put(value, NpgsqlDbType.Double);

        public CopyRow Int(int value) => Put(value, NpgsqlDbType.Integer);

        public CopyRow Long(long value) => Put(value, NpgsqlDbType.Bigint);

        public CopyRow Date(DateOnly value) => Put(value, NpgsqlDbType.Date);

        public CopyRow Timestamp(DateTime value) => Put(value, NpgsqlDbType.Timestamp);

        CopyRow Put<T>(T value, NpgsqlDbType type)
        {
            importer.Write(value, type);
            return this;
        }

        CopyRow Null()
        {
            importer.WriteNull();
            return this;
        }
    }
}
