using System.Text.Json;

namespace Fettle.Databases.Tests.Advice;

/// <summary>Builds workloads and the tables they run on.</summary>
internal static class Workloads
{
    public static RecordedQuery Query(string sql, long calls = 100, params (string Name, object Value)[] sample) => new()
    {
        Sql = sql,
        Example = sql,
        Calls = calls,
        TotalMs = calls,
        Samples = sample.Length == 0 ? [] : [sample.ToDictionary(s => s.Name, s => JsonSerializer.SerializeToElement(s.Value))],
    };

    /// <summary>Tables of a stock service without any index: <paramref name="stocks"/> × <paramref name="days"/> bars.</summary>
    public static async Task FillStocksAsync(Database database, int stocks, int days)
    {
        var key = database.Engine == DatabaseEngine.Sqlite ? "id INTEGER PRIMARY KEY" : "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
        await database.RunAsync(
            $"CREATE TABLE stocks({key}, bse_code TEXT, nse_symbol TEXT, company_name TEXT, status TEXT)",
            $"CREATE TABLE price_movements({key}, bse_code TEXT, date TEXT, open REAL, high REAL, low REAL, close REAL, volume INTEGER, prev_close REAL, circuit_limit REAL, hit_upper_circuit INTEGER, hit_lower_circuit INTEGER, source TEXT)",
            $"CREATE TABLE news({key}, bse_code TEXT, published_at TEXT, score REAL)",
            $"CREATE TABLE historical_financials({key}, bse_code TEXT, quarter INTEGER, year INTEGER, announced_on TEXT, revenue_cr REAL, pat_cr REAL)",
            $"CREATE TABLE earnings_calendar({key}, bse_code TEXT, announce_on TEXT)");
        var numbers = (int n) => database.Engine == DatabaseEngine.Sqlite
            ? $"(WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < {n}) SELECT n FROM c)"
            : $"(SELECT generate_series(0, {n - 1}) AS n)";
        var date = database.Engine == DatabaseEngine.Sqlite ? "date('2024-01-01', '+' || d.n || ' days')" : "to_char(date '2024-01-01' + d.n, 'YYYY-MM-DD')";
        await database.RunAsync(
            $"INSERT INTO stocks(bse_code, nse_symbol, company_name, status) SELECT CAST(500000 + s.n AS TEXT), 'SYM' || s.n, 'Company ' || s.n, CASE WHEN s.n % 50 = 0 THEN 'suspended' ELSE 'active' END FROM {numbers(stocks)} s",
            $"INSERT INTO price_movements(bse_code, date, open, high, low, close, volume, prev_close, circuit_limit, hit_upper_circuit, hit_lower_circuit, source) SELECT CAST(500000 + s.n AS TEXT), {date}, 10.5, 11.5, 9.5, 10 + (s.n * 7 + d.n) % 90, 1000 + d.n, 10, 12, 0, 0, 'generated' FROM {numbers(days)} d, {numbers(stocks)} s",
            $"INSERT INTO news(bse_code, published_at, score) SELECT CAST(500000 + s.n AS TEXT), {date}, 0.5 FROM {numbers(days / 4)} d, {numbers(stocks)} s",
            $"INSERT INTO historical_financials(bse_code, quarter, year, announced_on, revenue_cr, pat_cr) SELECT CAST(500000 + s.n AS TEXT), 1 + d.n % 4, 2021 + d.n / 4, {date}, 100 + s.n, 10 FROM {numbers(13)} d, {numbers(stocks)} s",
            $"INSERT INTO earnings_calendar(bse_code, announce_on) SELECT CAST(500000 + s.n AS TEXT), {date} FROM {numbers(13)} d, {numbers(stocks)} s");
        if (database.Engine == DatabaseEngine.Postgres)
        {
            await database.RunAsync("ANALYZE");
        }
    }

    public static readonly RecordedQuery[] Stocks =
    [
        Query("SELECT id, bse_code, date, open, high, low, close, volume, prev_close, circuit_limit, hit_upper_circuit, hit_lower_circuit, source FROM price_movements WHERE bse_code = @code AND date <= @date ORDER BY date", 1000, ("code", "500007"), ("date", "2024-12-01")),
        Query("SELECT published_at, score FROM news WHERE bse_code = @code AND published_at >= @from AND published_at < @to ORDER BY published_at", 1000, ("code", "500007"), ("from", "2024-01-10"), ("to", "2024-02-10")),
        Query("SELECT quarter, year, revenue_cr FROM historical_financials WHERE bse_code = @code AND announced_on <= @date ORDER BY announced_on", 1000, ("code", "500007"), ("date", "2024-01-09")),
        Query("SELECT announce_on FROM earnings_calendar WHERE bse_code = @code AND announce_on > @date ORDER BY announce_on LIMIT 1", 1000, ("code", "500007"), ("date", "2024-01-05")),
        Query("SELECT bse_code FROM stocks WHERE nse_symbol = @symbol", 300, ("symbol", "SYM7")),
        Query("SELECT nse_symbol, company_name FROM stocks WHERE bse_code = @code", 1000, ("code", "500007")),
    ];
}
