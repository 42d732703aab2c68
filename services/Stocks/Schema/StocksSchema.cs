using System.Data.Common;
using Fettle.Databases;

namespace Fettle.Services.Stocks.Schema;

/// <summary>
/// The tables of the service, the same columns on both engines. A new database has primary keys only: the logical
/// keys (one bar per stock and date, …) are upheld by the writers, and the unique indexes are the tuner's to find.
/// </summary>
internal static class StocksSchema
{
    public const string Stocks = "stocks";
    public const string Prices = "price_movements";
    public const string Financials = "historical_financials";
    public const string News = "news";
    public const string Calendar = "earnings_calendar";
    public const string Labels = "upper_circuit_labels";
    public const string StaticFeatures = "static_features";
    public const string DailyPredictions = "daily_predictions";
    public const string Models = "models";
    public const string BatchRuns = "batch_runs";
    public const string BatchRunSkips = "batch_run_skips";

    /// <summary>The tables a prediction reads; their data versions are in the keys of the caches.</summary>
    public static readonly string[] FeatureInputs = [Stocks, Prices, Financials, News, Calendar];

    static readonly (string Table, string Columns)[] Tables =
    [
        (Stocks, "bse_code TEXT NOT NULL, nse_symbol TEXT, company_name TEXT NOT NULL, isin TEXT, industry TEXT, market_cap_cr REAL, status TEXT NOT NULL, synthetic_code INTEGER NOT NULL DEFAULT 0"),
        (Prices, "bse_code TEXT NOT NULL, date DATE NOT NULL, open REAL NOT NULL, high REAL NOT NULL, low REAL NOT NULL, close REAL NOT NULL, volume INTEGER NOT NULL, "
            + "prev_close REAL, circuit_limit REAL, hit_upper_circuit INTEGER NOT NULL, hit_lower_circuit INTEGER NOT NULL, source TEXT NOT NULL"),
        (Financials, "bse_code TEXT NOT NULL, quarter INTEGER NOT NULL, year INTEGER NOT NULL, announced_on DATE NOT NULL, revenue_cr REAL, pat_cr REAL, eps REAL, opm REAL, npm REAL, "
            + "equity_cr REAL, debt_cr REAL, current_assets_cr REAL, current_liabilities_cr REAL"),
        (News, "bse_code TEXT NOT NULL, published_at TIMESTAMP NOT NULL, score REAL NOT NULL"),
        (Calendar, "bse_code TEXT NOT NULL, announce_on DATE NOT NULL"),
        (Labels, "bse_code TEXT NOT NULL, earnings_date DATE NOT NULL, next_day_date DATE NOT NULL, price_change_pct REAL NOT NULL, hit_circuit INTEGER NOT NULL, label INTEGER NOT NULL"),
        (StaticFeatures, "bse_code TEXT NOT NULL, industry_code INTEGER NOT NULL, market_cap_tier INTEGER NOT NULL, computed_on DATE NOT NULL"),
        (DailyPredictions, "bse_code TEXT NOT NULL, prediction_date DATE NOT NULL, model_version TEXT NOT NULL, predicted_label INTEGER NOT NULL, probability REAL NOT NULL, confidence TEXT NOT NULL"),
        (Models, "name TEXT NOT NULL, version TEXT NOT NULL, model_type TEXT NOT NULL, active INTEGER NOT NULL, sha256 TEXT NOT NULL, created_on TEXT"),
        (BatchRuns, "run_id TEXT NOT NULL, prediction_date DATE NOT NULL, model_version TEXT NOT NULL, codes TEXT, status TEXT NOT NULL, total INTEGER NOT NULL, scored INTEGER NOT NULL, "
            + "skipped INTEGER NOT NULL, started_at TEXT NOT NULL, finished_at TEXT, csv_path TEXT, error TEXT"),
        (BatchRunSkips, "run_id TEXT NOT NULL, bse_code TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL"),
    ];

    public static IEnumerable<string> TableNames => Tables.Select(t => t.Table);

    /// <summary>The columns of a table without its id, in order.</summary>
    public static string[] ColumnNames(string table) =>
        [.. Tables.Single(t => t.Table == table).Columns.Split(", ").Select(c => c[..c.IndexOf(' ')])];

    /// <summary>The CREATE statements, one per table. PostgreSQL gets its own types for the same columns.</summary>
    public static IEnumerable<string> Create(DatabaseEngine engine) => Tables.Select(t => engine switch
    {
        DatabaseEngine.Sqlite => $"CREATE TABLE IF NOT EXISTS {t.Table} (id INTEGER PRIMARY KEY, {t.Columns.Replace(" DATE", " TEXT").Replace(" TIMESTAMP", " TEXT")})",
        _ => $"CREATE TABLE IF NOT EXISTS {t.Table} (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
            + $"{t.Columns.Replace(" REAL", " DOUBLE PRECISION").Replace("volume INTEGER", "volume BIGINT")})",
    });

    public static async Task CreateAsync(DbConnection connection, DatabaseEngine engine, CancellationToken cancellation = default)
    {
        foreach (var statement in Create(engine))
        {
            await using var command = connection.CreateCommand();
            command.CommandText = statement;
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }
}
