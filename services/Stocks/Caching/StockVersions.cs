using System.Collections.Concurrent;
using System.Data.Common;
using System.Globalization;
using Fettle.Databases;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Stocks.Caching;

/// <summary>
/// Which stocks a write of prices or stocks changed, so that it invalidates what was made from these and nothing else.
/// <list type="number">
/// <item>A writer that knows its stocks notes each in its own transaction with the data version that the commit gives the table.</item>
/// <item>Beside the notes stands up to which version they are complete. Where that is not the table's version, somebody wrote without
/// notes, and the whole table counts as changed.</item>
/// <item>A stock's version is that of the last write noted for it, or of the last write without notes when that is newer. It is a function
/// of the database alone, so all instances build the same keys.</item>
/// </list>
/// Reads are sound in any order with commits: a version is taken before the data is read, so a value is never older than its key.
/// </summary>
internal sealed class StockVersions(Database database)
{
    const string Notes = "fettle_stock_versions";
    const string State = "fettle_stock_versions_state";
    const string Versions = "fettle_data_versions";
    static readonly string[] WholeTables = [StocksSchema.Financials, StocksSchema.News, StocksSchema.Calendar];
    readonly SemaphoreSlim _reading = new(1, 1);
    readonly Known[] _known = [new(StocksSchema.Prices), new(StocksSchema.Stocks)];

    /// <summary>Makes the tables of notes when they are missing.</summary>
    public static async Task CreateAsync(DbConnection connection, CancellationToken cancellation)
    {
        string[] statements =
        [
            $"CREATE TABLE IF NOT EXISTS {Notes} (noted_table TEXT NOT NULL, name TEXT NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (noted_table, name))",
            $"CREATE TABLE IF NOT EXISTS {State} (noted_table TEXT PRIMARY KEY, complete_from BIGINT NOT NULL, up_to BIGINT NOT NULL)",
        ];
        foreach (var statement in statements)
        {
            await using var command = connection.Command(statement);
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    /// <summary>Notes, in the transaction that writes a table, the stocks it writes; the commit raises the table's version by one.</summary>
    /// <param name="connection">The writing connection.</param>
    /// <param name="transaction">Its transaction.</param>
    /// <param name="table">The table that is written: prices or stocks.</param>
    /// <param name="names">Every code and symbol under which the stocks are asked for.</param>
    /// <param name="cancellation">Cancels.</param>
    public async Task NoteAsync(DbConnection connection, DbTransaction transaction, string table, IEnumerable<string> names, CancellationToken cancellation)
    {
        if (!database.Versions.Enabled)
        {
            return;
        }

        // The row's lock comes first: two noting writers of PostgreSQL then read the version one after the other.
        await ExecuteAsync(connection, transaction, $"INSERT INTO {State} (noted_table, complete_from, up_to) VALUES (@table, -1, -1) ON CONFLICT (noted_table) DO UPDATE SET up_to = {State}.up_to",
            cancellation, ("table", table));
        var version = await NumberAsync(connection, transaction, $"SELECT version FROM {Versions} WHERE name = @table", cancellation, ("table", table));
        await ExecuteAsync(connection, transaction,
            $"UPDATE {State} SET complete_from = CASE WHEN up_to = @version THEN complete_from ELSE @version END, up_to = @version + 1 WHERE noted_table = @table",
            cancellation, ("version", version), ("table", table));
        foreach (var name in names.Distinct(StringComparer.Ordinal))
        {
            await ExecuteAsync(connection, transaction,
                $"INSERT INTO {Notes} (noted_table, name, version) VALUES (@table, @name, @version) ON CONFLICT (noted_table, name) DO UPDATE SET version = excluded.version",
                cancellation, ("table", table), ("name", name), ("version", version + 1));
        }
    }

    /// <summary>Reads what was noted since the last time, if the tables changed; after the data versions themselves are fresh.</summary>
    public async ValueTask RefreshAsync(CancellationToken cancellation)
    {
        foreach (var known in _known)
        {
            if (Volatile.Read(ref known.At) != database.Versions.Get(known.Table))
            {
                await ReadAsync(known, cancellation);
            }
        }
    }

    /// <summary>What the inputs of a stock's features are at, as a part of a key.</summary>
    public string StampOf(PredictQuery query) => string.Create(
        CultureInfo.InvariantCulture,
        $"{_known[0].Of(query.StockName)}.{_known[1].Of(query.StockName)}.{database.Versions.Get(WholeTables[0])}.{database.Versions.Get(WholeTables[1])}.{database.Versions.Get(WholeTables[2])}");

    /// <summary>The codes and symbols whose rows of a table changed after a version; null when somebody wrote without saying which. After a refresh.</summary>
    public IReadOnlyCollection<string>? ChangedSince(string table, long version) => _known.Single(k => k.Table == table).ChangedSince(version);

    async Task ReadAsync(Known known, CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation);
        try
        {
            var version = database.Versions.Get(known.Table);
            if (known.At == version)
            {
                return;
            }

            var (from, upTo) = (-1L, -1L);
            await using (var connection = await database.OpenReadAsync(cancellation))
            {
                // One statement, so that notes and completeness are of one moment.
                await using var command = connection.Command(
                    $"SELECT s.complete_from, s.up_to, n.name, n.version FROM {State} s LEFT JOIN {Notes} n ON n.noted_table = s.noted_table AND n.version > @after WHERE s.noted_table = @table",
                    ("after", known.ReadUpTo), ("table", known.Table));
                await using var reader = await command.ExecuteReaderAsync(cancellation);
                while (await reader.ReadAsync(cancellation))
                {
                    (from, upTo) = (reader.GetInt64(0), reader.GetInt64(1));
                    if (!reader.IsDBNull(2))
                    {
                        known.Raise(reader.GetString(2), reader.GetInt64(3));
                    }
                }
            }

            known.End(version, from, upTo);
        }
        finally
        {
            _reading.Release();
        }
    }

    static async Task ExecuteAsync(DbConnection connection, DbTransaction transaction, string sql, CancellationToken cancellation, params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        command.Transaction = transaction;
        await command.ExecuteNonQueryAsync(cancellation);
    }

    static async Task<long> NumberAsync(DbConnection connection, DbTransaction transaction, string sql, CancellationToken cancellation, params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        command.Transaction = transaction;
        return await command.ExecuteScalarAsync(cancellation) is { } value and not DBNull ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>
    /// One table as this process knows it. Names are raised before <see cref="At"/> says so: a reader in between builds a key that is too
    /// new, never one that is too old.
    /// </summary>
    sealed class Known(string table)
    {
        readonly ConcurrentDictionary<string, long> _names = new(StringComparer.Ordinal);
        long _floor;

        public readonly string Table = table;

        /// <summary>The table's version that the notes were read for; none yet.</summary>
        public long At = -1;

        /// <summary>Notes up to here have been read.</summary>
        public long ReadUpTo = -1;

        public long Of(string name) => Math.Max(Volatile.Read(ref _floor), _names.GetValueOrDefault(name, -1));

        public IReadOnlyCollection<string>? ChangedSince(long version) =>
            Volatile.Read(ref _floor) > version ? null : [.. _names.Where(n => n.Value > version).Select(n => n.Key)];

        public void Raise(string name, long version) => _names.AddOrUpdate(name, version, (_, old) => Math.Max(old, version));

        public void End(long version, long completeFrom, long upTo)
        {
            // Behind the table's version: somebody wrote without a note. Ahead of it: a commit that this process has yet to hear of.
            Volatile.Write(ref _floor, upTo >= version ? Math.Max(0, completeFrom) : version);
            ReadUpTo = Math.Max(ReadUpTo, upTo);
            Volatile.Write(ref At, version);
        }
    }
}
