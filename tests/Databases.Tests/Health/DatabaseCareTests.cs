using Fettle.Databases.Tests.Advice;
using Microsoft.Data.Sqlite;

namespace Fettle.Databases.Tests.Health;

public class DatabaseCareTests
{
    [Fact]
    public async Task DuplicateRedundantAndMissing_AreFound_AndTheWayBackWorks()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync(
            "CREATE TABLE p(id INTEGER PRIMARY KEY)",
            "CREATE TABLE t(id INTEGER PRIMARY KEY, a INT, b INT, p INT REFERENCES p(id))",
            "CREATE INDEX short ON t(a)", "CREATE INDEX long ON t(a, b)", "CREATE INDEX again ON t(a, b)", "CREATE INDEX key ON t(id)", "CREATE UNIQUE INDEX only ON t(b)");
        var review = await IndexReview.ReviewAsync(test.Database);
        review.Select(r => r.Id).Order().ShouldBe(["drop.t.key", "drop.t.long", "drop.t.short", "index.t.p.foreign-key"]);
        foreach (var action in review)
        {
            await test.RunAsync([.. action.Do, .. action.Do]);
        }

        (await test.Database.QueryAsync("SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY name")).Select(r => r[0]).ShouldBe(["again", "fettle_t_p", "only"]);
        foreach (var action in review)
        {
            await test.RunAsync([.. action.Undo, .. action.Undo]);
        }

        (await test.Database.QueryAsync("SELECT count(*) FROM sqlite_master WHERE type = 'index'"))[0][0].ShouldBe(5L);
    }

    [Fact]
    public async Task ClusteredLayout_KeepsEveryRow_AndIsTakenBackFromAnyState()
    {
        await using var test = new TemporaryDatabase();
        await Workloads.FillStocksAsync(test.Database, stocks: 200, days: 60);
        await test.RunAsync("CREATE INDEX mine ON price_movements(volume)", "CREATE VIEW v AS SELECT * FROM price_movements");
        async Task<object?[]> Content() => (await test.Database.QueryAsync("SELECT count(*), sum(id), sum(close), min(date), (SELECT count(*) FROM v) FROM price_movements"))[0];
        var content = await Content();
        var action = (await LayoutAdvisor.AdviseAsync(test.Database, Workloads.Stocks)).Single(a => a.Id == "layout.price_movements.without-rowid");
        await test.RunAsync([.. action.Undo]); // never ran
        (await Content()).ShouldBe(content);
        await test.RunAsync([.. action.Do]);
        (await Content()).ShouldBe(content);
        (await test.Database.PlanAsync("SELECT close FROM price_movements WHERE bse_code = @c AND date <= @d ORDER BY date", ("c", "500001"), ("d", "2025"))).ShouldContain("PRIMARY KEY");
        await test.RunAsync([.. action.Undo]);
        await test.RunAsync([.. action.Undo]);
        (await Content()).ShouldBe(content);
        (await test.Database.QueryAsync("SELECT name FROM sqlite_master WHERE name LIKE '%fettle_original' OR name LIKE '%fettle_clustered'")).ShouldBeEmpty();
        (await test.Database.QueryAsync("SELECT sql FROM sqlite_master WHERE name IN ('price_movements', 'mine') ORDER BY name")).Count.ShouldBe(2);
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task ReadOnlyFile_IsAdvisedAndMeasured()
    {
        await using var test = new TemporaryDatabase();
        await Workloads.FillStocksAsync(test.Database, stocks: 300, days: 20);
        await test.RunAsync("PRAGMA journal_mode=DELETE");
        await test.Database.ClearPoolAsync();
        File.SetUnixFileMode(test.File, UnixFileMode.UserRead);
        await using var database = Database.Open(test.Address, new DatabaseOptions { DataVersions = false });
        (await IndexAdvisor.AdviseAsync(database, Workloads.Stocks)).ShouldNotBeEmpty();
        (await DatabaseHealth.CheckAsync(database, Workloads.Stocks, integrity: true)).ShouldContain(c => c.Name == "missing indexes" && c.Grade == 'D');
    }

    [Fact]
    public async Task LockedByAnotherProcess_IsABoundedWaitWithAClearError()
    {
        await using var test = new TemporaryDatabase(new DatabaseOptions { WriteTimeout = TimeSpan.FromMilliseconds(200), DataVersions = false });
        await test.RunAsync("CREATE TABLE t(n INT)");
        await using var other = new SqliteConnection($"Data Source={test.File};Pooling=False");
        await other.OpenAsync();
        await using var held = other.BeginTransaction();
        var error = await Should.ThrowAsync<SqliteException>(() => test.RunAsync("INSERT INTO t VALUES (1)"));
        error.SqliteErrorCode.ShouldBe(5);
        await held.RollbackAsync();
        await test.RunAsync("INSERT INTO t VALUES (1)");
    }

    [Fact]
    public async Task Backup_IsWhole_WhileTheOriginalIsWritten_AndIntegrityHolds()
    {
        await using var test = new TemporaryDatabase();
        await Workloads.FillStocksAsync(test.Database, stocks: 100, days: 20);
        var file = test.File + ".copy";
        await DatabaseMaintenance.BackupAsync(test.Database, file);
        await using var copy = Database.Open(DatabaseAddress.Parse("sqlite:" + file), new DatabaseOptions { DataVersions = false });
        (await copy.QueryAsync("SELECT count(*) FROM price_movements"))[0][0].ShouldBe(2000L);
        (await DatabaseMaintenance.MeasureAsync(copy, integrity: true)).Problems.ShouldBeEmpty();
        (await Should.ThrowAsync<IOException>(() => DatabaseMaintenance.BackupAsync(test.Database, file))).Message.ShouldContain("exists");
        File.Exists(file + ".part").ShouldBeFalse();
    }

    [Fact]
    public async Task WastedSpace_IsMeasuredAndReclaimed()
    {
        await using var test = new TemporaryDatabase();
        await Workloads.FillStocksAsync(test.Database, stocks: 200, days: 40);
        await test.RunAsync("CREATE INDEX i ON news(score)", "DELETE FROM price_movements");
        (await DatabaseMaintenance.MeasureAsync(test.Database, integrity: false)).Bloat.ShouldBeGreaterThan(0.3);
        var steps = await DatabaseMaintenance.RunAsync(test.Database);
        steps.ShouldContain(s => s.Step == "VACUUM" && s.BytesAfter < s.BytesBefore / 2);
        var after = await DatabaseMaintenance.MeasureAsync(test.Database, integrity: false);
        after.Bloat.ShouldBeLessThan(0.05);
        after.StaleTables.ShouldBeEmpty();
    }
}
