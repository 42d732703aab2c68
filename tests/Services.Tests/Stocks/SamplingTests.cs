using Fettle.Services.Stocks.Labels;
using Fettle.Services.Stocks.Sampling;
using Microsoft.Data.Sqlite;

namespace Fettle.Services.Tests.Stocks;

public sealed class SamplingTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-sample-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void SameSeed_GivesTheSameContent_AnotherSeedAnother()
    {
        var first = Write("a.db", 1);
        Write("b.db", 1).ContentHash.ShouldBe(first.ContentHash);
        Write("c.db", 2).ContentHash.ShouldNotBe(first.ContentHash);
        foreach (var table in new[] { "stocks", "price_movements", "historical_financials", "news", "earnings_calendar", "upper_circuit_labels", "static_features" })
        {
            Dump("a.db", table).ShouldBe(Dump("b.db", table), table);
        }
    }

    [Fact]
    public void Bars_KeepToTheRulesOfAnExchange()
    {
        Write("a.db", 1);
        Scalar("a.db", "SELECT COUNT(*) FROM price_movements WHERE high < MAX(open, close) OR low > MIN(open, close) OR volume <= 0 OR close > circuit_limit + 0.001").ShouldBe(0);
        Scalar("a.db", "SELECT COUNT(*) FROM (SELECT 1 FROM price_movements GROUP BY bse_code, date HAVING COUNT(*) > 1)").ShouldBe(0);
        Scalar("a.db", "SELECT COUNT(*) FROM (SELECT prev_close, LAG(close) OVER (PARTITION BY bse_code ORDER BY date) AS last FROM price_movements) WHERE prev_close IS NOT last").ShouldBe(0);
        Scalar("a.db", "SELECT COUNT(DISTINCT isin) - COUNT(*) FROM stocks").ShouldBe(0);
        Scalar("a.db", "SELECT COUNT(*) FROM price_movements WHERE hit_upper_circuit = 1").ShouldBeGreaterThan(0);
        Scalar("a.db", "SELECT MIN(n) FROM (SELECT COUNT(*) AS n FROM historical_financials GROUP BY bse_code)").ShouldBe(13);
    }

    [Fact]
    public void FreshDatabase_HasNoIndexForTheTunerToFind()
    {
        Write("a.db", 1);
        Scalar("a.db", "SELECT COUNT(*) FROM sqlite_master WHERE type = 'index'").ShouldBe(0);
    }

    [Fact]
    public void InterruptedWriting_LeavesNoDatabase()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        var file = Path.Combine(_folder, "x.db");
        Should.Throw<OperationCanceledException>(() => SampleWriter.Write(
            new SampleOptions { Stocks = 50, Days = 60 }, days => new SqliteUniverseWriter(file, days), null, stop.Token));
        Directory.EnumerateFiles(_folder).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(14_001, 100)]
    [InlineData(10, 39)]
    public void SizeOutOfRange_IsRefusedWithTheRange(int stocks, int days) =>
        Should.Throw<ArgumentOutOfRangeException>(() => new SampleOptions { Stocks = stocks, Days = days }).Message.ShouldContain("allowed is");

    [Theory]
    [InlineData(1, 105.0, 100.0, 105.0, true, 1)]
    [InlineData(5, 105.0, 100.0, 106.0, false, 1)]
    [InlineData(1, 105.0, 100.0, 110.0, false, 0)]
    [InlineData(1, 104.9, 100.0, 104.9, true, 0)]
    [InlineData(1, 105.0, 100.0, double.NaN, true, 1)]
    public void Label_NeedsTheRiseAndTheCircuit(int daysLater, double close, double previous, double limit, bool hit, int expected)
    {
        var announced = new DateOnly(2025, 7, 15);
        LabelRule.Of(announced, announced.AddDays(daysLater), close, previous, limit, hit)!.Value.Label.ShouldBe(expected);
    }

    [Theory]
    [InlineData(0, 100.0)]
    [InlineData(6, 100.0)]
    [InlineData(1, double.NaN)]
    public void Label_IsMissing_WhenTheDayIsTooFarOrHasNoPreviousClose(int daysLater, double previous) =>
        LabelRule.Of(new DateOnly(2025, 7, 15), new DateOnly(2025, 7, 15).AddDays(daysLater), 110, previous, 110, true).ShouldBeNull();

    SampleReport Write(string name, long seed) => StocksHost.Write(Path.Combine(_folder, name), 120, 150, seed);

    long Scalar(string name, string sql) => Query(name, sql, r => Convert.ToInt64(r.GetValue(0))).Single();

    List<string> Dump(string name, string table) =>
        Query(name, $"SELECT * FROM {table} ORDER BY id", r => string.Join('|', Enumerable.Range(0, r.FieldCount).Select(i => r.GetValue(i).ToString())));

    List<T> Query<T>(string name, string sql, Func<SqliteDataReader, T> read)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, name)};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
