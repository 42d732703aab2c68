using System.Data.Common;
using Fettle.Databases;
using Fettle.MarketData;
using Fettle.Services.Stocks.Caching;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Stocks.Importing;

/// <summary>What an import did.</summary>
internal sealed record ImportReport
{
    public required int Files { get; init; }

    public required int NewStocks { get; init; }

    public required int Inserted { get; init; }

    public required int Updated { get; init; }

    public required int Unchanged { get; init; }

    public required IReadOnlyList<RejectedRow> Rejected { get; init; }
}

/// <summary>
/// Imports a folder of daily price files, one per symbol, named SYMBOL.csv. One transaction per file; only rows that differ are written,
/// so that a second run changes nothing, data versions included. The previous close is the close of the bar before in the database's order.
/// </summary>
internal sealed class PriceImporter(Database database)
{
    const string Source = "import";
    readonly PackedPrices _packed = new(database);
    readonly StockVersions _versions = new(database);

    public async Task<ImportReport> ImportAsync(string folder, IReadOnlyDictionary<string, CompanyInfo> companies, IProgress<int>? progress, CancellationToken cancellation)
    {
        var files = Directory.EnumerateFiles(folder, "*.csv").Order(StringComparer.Ordinal).ToArray();
        if (files.Length == 0)
        {
            throw new InvalidDataException($"the folder {folder} has no .csv files; give a folder with one SYMBOL.csv per stock");
        }

        await using (var connection = await database.OpenWriteAsync(cancellation))
        {
            await StocksSchema.CreateAsync(connection, database.Engine, cancellation);
            await StockVersions.CreateAsync(connection, cancellation);
        }

        int created = 0, inserted = 0, updated = 0, unchanged = 0, done = 0;
        var rejected = new List<RejectedRow>();
        foreach (var file in files)
        {
            cancellation.ThrowIfCancellationRequested();
            using var reader = new StreamReader(file);
            var (bars, wrong) = PriceFile.Read(reader, Path.GetFileName(file));
            rejected.AddRange(wrong);
            if (bars.Count > 0)
            {
                var symbol = Path.GetFileNameWithoutExtension(file).ToUpperInvariant();
                var changes = await ImportAsync(symbol, companies.GetValueOrDefault(symbol), bars, cancellation);
                created += changes.Created ? 1 : 0;
                inserted += changes.Inserted;
                updated += changes.Updated;
                unchanged += changes.Unchanged;
            }

            progress?.Report(++done);
        }

        return new ImportReport { Files = files.Length, NewStocks = created, Inserted = inserted, Updated = updated, Unchanged = unchanged, Rejected = rejected };
    }

    async Task<(bool Created, int Inserted, int Updated, int Unchanged)> ImportAsync(string symbol, CompanyInfo? company, List<ImportedBar> bars, CancellationToken cancellation)
    {
        await using var connection = await database.OpenWriteAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var (code, created) = await CodeOfAsync(connection, transaction, symbol, company, cancellation);
        var stored = await StoredAsync(connection, transaction, code, cancellation);
        var merged = new SortedDictionary<DateOnly, ImportedBar>(stored.ToDictionary(s => s.Key, s => s.Value.Bar));
        foreach (var bar in bars)
        {
            merged[bar.Day] = bar;
        }

        int inserted = 0, updated = 0;
        double? previous = null;
        var written = new List<StockBar>();
        foreach (var bar in merged.Values)
        {
            if (!stored.TryGetValue(bar.Day, out var old))
            {
                await WriteAsync(connection, transaction, Insert, code, bar, previous, cancellation);
                written.Add(Bar(code, bar));
                inserted++;
            }
            else if (old.Bar != bar || old.PrevClose != previous)
            {
                await WriteAsync(connection, transaction, Update, code, bar, previous, cancellation);
                written.Add(Bar(code, bar));
                updated++;
            }

            previous = bar.Close;
        }

        await _packed.ApplyAsync(connection, transaction, written, cancellation);
        await NoteAsync(connection, transaction, written.Count > 0, created, [code, symbol], cancellation);
        await transaction.CommitAsync(cancellation);
        return (created, inserted, updated, bars.Count - inserted - bars.Count(b => stored.TryGetValue(b.Day, out var old) && old.Bar != b));
    }

    async Task NoteAsync(DbConnection connection, DbTransaction transaction, bool prices, bool stocks, string[] names, CancellationToken cancellation)
    {
        if (prices)
        {
            await _versions.NoteAsync(connection, transaction, StocksSchema.Prices, names, cancellation);
        }

        if (stocks)
        {
            await _versions.NoteAsync(connection, transaction, StocksSchema.Stocks, names, cancellation);
        }
    }

    static StockBar Bar(string code, ImportedBar bar) => new(code, bar.Day.DayNumber, bar.Open, bar.High, bar.Low, bar.Close, bar.Volume);

    const string Insert = $"INSERT INTO {StocksSchema.Prices} (bse_code, date, open, high, low, close, volume, prev_close, hit_upper_circuit, hit_lower_circuit, source) "
        + "VALUES (@code, @date, @open, @high, @low, @close, @volume, @previous, 0, 0, @source)";

    const string Update = $"UPDATE {StocksSchema.Prices} SET open = @open, high = @high, low = @low, close = @close, volume = @volume, prev_close = @previous, source = @source "
        + "WHERE bse_code = @code AND date = @date";

    async Task WriteAsync(DbConnection connection, DbTransaction transaction, string sql, string code, ImportedBar bar, double? previous, CancellationToken cancellation)
    {
        await using var command = connection.Command(sql,
            ("code", code), ("date", DatabaseValues.Of(database.Engine, bar.Day)), ("open", bar.Open), ("high", bar.High), ("low", bar.Low),
            ("close", bar.Close), ("volume", bar.Volume), ("source", Source));
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.DbType, parameter.Value) = ("previous", System.Data.DbType.Double, (object?)previous ?? DBNull.Value);
        command.Parameters.Add(parameter);
        command.Transaction = transaction;
        await command.ExecuteNonQueryAsync(cancellation);
    }

    async Task<Dictionary<DateOnly, (ImportedBar Bar, double? PrevClose)>> StoredAsync(DbConnection connection, DbTransaction transaction, string code, CancellationToken cancellation)
    {
        var stored = new Dictionary<DateOnly, (ImportedBar, double?)>();
        await using var command = connection.Command($"SELECT date, open, high, low, close, volume, prev_close FROM {StocksSchema.Prices} WHERE bse_code = @code ORDER BY date", ("code", code));
        command.Transaction = transaction;
        await using var r = await command.ExecuteReaderAsync(cancellation);
        while (await r.ReadAsync(cancellation))
        {
            var day = DateOnly.FromDayNumber(DatabaseValues.Day(r, 0, database.Engine));
            stored.Add(day, (new ImportedBar(day, r.GetDouble(1), r.GetDouble(2), r.GetDouble(3), r.GetDouble(4), r.GetInt64(5)), r.IsDBNull(6) ? null : r.GetDouble(6)));
        }

        return stored;
    }

    static async Task<(string Code, bool Created)> CodeOfAsync(DbConnection connection, DbTransaction transaction, string symbol, CompanyInfo? company, CancellationToken cancellation)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        string? known = null;
        await using (var select = connection.Command($"SELECT bse_code, nse_symbol FROM {StocksSchema.Stocks}"))
        {
            select.Transaction = transaction;
            await using var r = await select.ExecuteReaderAsync(cancellation);
            while (await r.ReadAsync(cancellation))
            {
                taken.Add(r.GetString(0));
                known ??= DatabaseValues.Text(r, 1) == symbol ? r.GetString(0) : null;
            }
        }

        if (known is not null)
        {
            return (known, false);
        }

        var code = SymbolCodes.Choose(symbol, taken);
        await using var insert = connection.Command(
            $"INSERT INTO {StocksSchema.Stocks} (bse_code, nse_symbol, company_name, isin, industry, market_cap_cr, status, synthetic_code) VALUES (@code, @symbol, @name, @isin, @industry, NULL, 'active', 1)",
            ("code", code), ("symbol", symbol), ("name", company?.Name ?? symbol), ("isin", company?.Isin), ("industry", company?.Industry));
        insert.Transaction = transaction;
        await insert.ExecuteNonQueryAsync(cancellation);
        return (code, true);
    }
}

/// <summary>What a list of companies says about a symbol.</summary>
internal sealed record CompanyInfo(string Name, string? Industry, string? Isin)
{
    /// <summary>Reads a CSV with the columns Company Name, Industry, Symbol and ISIN Code.</summary>
    public static Dictionary<string, CompanyInfo> ReadAll(TextReader reader, string file)
    {
        var records = new CsvRecords(reader);
        var header = records.Next()?.Fields.ConvertAll(f => f.Trim().TrimStart('\uFEFF')) ?? [];
        int[] columns = [header.IndexOf("Symbol"), header.IndexOf("Company Name"), header.IndexOf("Industry"), header.IndexOf("ISIN Code")];
        if (columns.Contains(-1))
        {
            throw new InvalidDataException($"{file}: the header must have Company Name, Industry, Symbol and ISIN Code");
        }

        var companies = new Dictionary<string, CompanyInfo>(StringComparer.Ordinal);
        while (records.Next() is { } record)
        {
            if (record.Fields.Count == header.Count)
            {
                companies[record.Fields[columns[0]].Trim()] = new CompanyInfo(record.Fields[columns[1]].Trim(), record.Fields[columns[2]].Trim(), record.Fields[columns[3]].Trim());
            }
        }

        return companies;
    }
}
