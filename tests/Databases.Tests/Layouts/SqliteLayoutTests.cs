using Fettle.Databases.Sqlite;
using static Fettle.Databases.Tests.Advice.Workloads;

namespace Fettle.Databases.Tests.Layouts;

public class SqliteLayoutTests
{
    static readonly RecordedQuery Range = Query("SELECT day, open, high, low, close, volume, note FROM bars WHERE code = @c AND day > @d ORDER BY day", 1000, ("c", "c7"), ("d", 10));

    [Fact]
    public async Task Definition_KeepsWhatIsWritten_AndTheOldKeyUnique()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync(
            "CREATE TABLE codes(code TEXT PRIMARY KEY)",
            """
            CREATE TABLE "Bar s"(
              "i d" INT CONSTRAINT k PRIMARY KEY ON CONFLICT REPLACE NOT NULL, -- the old key, with a comma
              code TEXT NOT NULL COLLATE NOCASE REFERENCES codes(code), day INTEGER DEFAULT (1 + 2) CHECK (day > 0 AND day < 9999),
              twice INT GENERATED ALWAYS AS (day * 2) VIRTUAL, CONSTRAINT one UNIQUE (day, code), CHECK (length(code) < 9))
            """);
        var table = (await test.Database.ReadSchemaAsync(sizes: false, default)).Tables["Bar s"];
        var sql = ClusteredTable.Definition(table, ["code", "day"], "fresh");
        await test.RunAsync(sql, "INSERT INTO codes VALUES ('A'), ('B')", "INSERT INTO fresh(\"i d\", code) VALUES (1, 'A')");
        var fresh = (await test.Database.ReadSchemaAsync(sizes: false, default)).Tables["fresh"];
        (fresh.WithoutRowId, string.Join(',', fresh.PrimaryKey), fresh.Columns.Count(c => c.Generated)).ShouldBe((true, "code,day", 1));
        (await test.Database.QueryAsync("SELECT day, twice FROM fresh WHERE code = 'a'"))[0].ShouldBe([3L, 6L]);
        foreach (var broken in new[] { "(1, 'B', 5)", "(2, 'B', 0)", "(3, 'ABCDEFGHIJ', 5)", "(4, 'a', 3)", "(5, NULL, 3)" })
        {
            await Should.ThrowAsync<Microsoft.Data.Sqlite.SqliteException>(() => test.RunAsync($"INSERT INTO fresh(\"i d\", code, day) VALUES {broken}"), broken);
        }

        fresh.ForeignKeys.ShouldHaveSingleItem().TargetTable.ShouldBe("codes");
    }

    [Fact]
    public async Task Layout_IsPricedBesideTheBestIndexes()
    {
        await using var test = await BarsAsync();
        var action = (await LayoutAdvisor.AdviseAsync(test.Database, [Range])).ShouldHaveSingleItem();
        action.PredictedGain.ShouldBeGreaterThan(0.9);
        action.Why.ShouldContain("with the best indexes");
        var served = action.Evidence.Serves.ShouldHaveSingleItem();
        served.PlanAfter.ShouldContain("PRIMARY KEY");
        served.CostBefore.ShouldBeGreaterThan(20 * served.CostAfter);
        action.Evidence.Bytes.ShouldBeGreaterThan(500_000);
        action.Evidence.WriteAmplification.ShouldBeGreaterThan(1.5);
    }

    [Fact]
    public async Task ManyWrites_MakeALayoutNotWorthIt()
    {
        await using var test = await BarsAsync();
        RecordedQuery[] workload = [Range with { Calls = 1, TotalMs = 1 }, Query("INSERT INTO bars(id, code, day, close) VALUES (@i, @c, @d, @v)", 10_000_000)];
        (await LayoutAdvisor.AdviseAsync(test.Database, workload)).ShouldBeEmpty();
    }

    [Fact]
    public async Task StatementsByTheRowsNumber_WeighAgainstTheLayout()
    {
        await using var test = await BarsAsync();
        // Found by number a hundred times as often as by range: clustered elsewhere, each would read the whole table.
        RecordedQuery[] workload = [Range, Query("SELECT close, note FROM bars WHERE id = @id", 100_000, ("id", 77))];
        (await LayoutAdvisor.AdviseAsync(test.Database, workload)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("CREATE TRIGGER changed AFTER INSERT ON bars BEGIN SELECT 1; END")]
    [InlineData("CREATE TABLE child(id INTEGER PRIMARY KEY, bar INT REFERENCES bars(id))")]
    public async Task TiedTable_IsLeftAlone(string tie)
    {
        await using var test = await BarsAsync();
        await test.RunAsync(tie);
        (await LayoutAdvisor.AdviseAsync(test.Database, [Range])).ShouldBeEmpty();
    }

    [Fact]
    public async Task NumberGivenByTheEngine_AndReadSomewhere_IsLeftAlone()
    {
        await using var test = await BarsAsync();
        RecordedQuery[] workload = [Range with { Sql = Range.Sql.Replace("SELECT day", "SELECT id, day"), Example = Range.Example.Replace("SELECT day", "SELECT id, day") }, Query("INSERT INTO bars(code, day, close) VALUES (@c, @d, @v)", 10)];
        (await LayoutAdvisor.AdviseAsync(test.Database, workload)).ShouldBeEmpty();
        (await LayoutAdvisor.AdviseAsync(test.Database, [Range, workload[1]])).ShouldHaveSingleItem().Evidence.Notes.ShouldContain(n => n.Contains("leaves it empty"));
    }

    [Fact]
    public async Task RepeatedKey_IsNoNaturalKey()
    {
        await using var test = await BarsAsync();
        await test.RunAsync("INSERT INTO bars(code, day, close) VALUES ('c7', 11, 1)");
        (await LayoutAdvisor.AdviseAsync(test.Database, [Range])).ShouldBeEmpty();
    }

    [Fact]
    public async Task Indexes_StayUnderTheirNames_ThereAndBack()
    {
        await using var test = await BarsAsync();
        await test.RunAsync("CREATE INDEX by_volume ON bars(volume)", "CREATE INDEX by_key ON bars(code, day)");
        RecordedQuery[] workload = [Range, Query("SELECT sum(close) FROM bars WHERE volume = @v", 1, ("v", 1003))];
        async Task<string> Schema() => string.Join(';', (await test.Database.QueryAsync("SELECT tbl_name || ':' || name FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'fettle_data%' ORDER BY 1")).Select(r => r[0]));
        var before = await Schema();
        var action = (await LayoutAdvisor.AdviseAsync(test.Database, workload)).ShouldHaveSingleItem();
        await test.RunAsync([.. action.Do]);
        (await Schema()).ShouldBe("bars:bars;bars:by_volume;bars_fettle_original:bars_fettle_original");
        (await test.Database.PlanAsync("SELECT sum(close) FROM bars WHERE volume = @v", ("v", 1))).ShouldContain("by_volume");
        await test.RunAsync([.. action.Undo]);
        await test.RunAsync([.. action.Undo]);
        (await Schema()).ShouldBe(before);
    }

    static async Task<TemporaryDatabase> BarsAsync()
    {
        var test = new TemporaryDatabase();
        await test.RunAsync(
            "CREATE TABLE bars(id INTEGER PRIMARY KEY, code TEXT, day INT, open REAL, high REAL, low REAL, close REAL, volume INT, note TEXT)",
            "INSERT INTO bars(code, day, open, high, low, close, volume, note) WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n < 19999) SELECT 'c' || (n % 200), n / 200, 1.5, 2.5, 0.5, n, 1000 + n % 100, 'a note' FROM c");
        return test;
    }
}
