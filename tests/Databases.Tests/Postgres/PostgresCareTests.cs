using System.Text.Json;
using Fettle.Testing;
using static Fettle.Databases.Tests.Advice.Workloads;

namespace Fettle.Databases.Tests.Postgres;

[Collection("postgres")]
public class PostgresCareTests(PostgresFixture fixture)
{
    [RequiresPostgresFact]
    public async Task Plan_IsExplained_AnalysedOnlyForReads_AndTellsErrors()
    {
        await using var database = await fixture.CreateAsync();
        await database.RunAsync("CREATE TABLE t(id int PRIMARY KEY, n int)", "INSERT INTO t SELECT g, g % 10 FROM generate_series(1, 2000) g", "ANALYZE t");
        var plan = await PlanExplainer.ExplainAsync(database, Query("SELECT n FROM t WHERE id = @id", 1, ("id", 7)), analyze: true);
        plan.Indexes.ShouldBe(["t_pkey"]);
        plan.All.ShouldContain(n => n.ActualRows == 1);
        plan.ToTree().ShouldContain("(was 1)");
        (await PlanExplainer.ExplainAsync(database, "SELECT n FROM t WHERE n = $1 ORDER BY id")).All.ShouldContain(n => n.Kind == PlanNodeKind.Sort || n.Kind == PlanNodeKind.Seek || n.Kind == PlanNodeKind.Scan);
        await Should.ThrowAsync<InvalidOperationException>(() => PlanExplainer.ExplainAsync(database, Query("DELETE FROM t"), analyze: true));
        (await Should.ThrowAsync<InvalidOperationException>(() => PlanExplainer.ExplainAsync(database, "SELECT nothing FROM t"))).Message.ShouldContain("cannot be explained");
        using var json = JsonDocument.Parse(plan.ToJson());
        json.RootElement.GetProperty("nodes").GetArrayLength().ShouldBe(1);
    }

    [RequiresPostgresFact]
    public async Task Statistics_OfTheServer_AreAWorkload()
    {
        await using var database = await fixture.CreateAsync();
        if (!PostgresServer.HasExtension("pg_stat_statements"))
        {
            (await Should.ThrowAsync<InvalidOperationException>(() => WorkloadReader.FromStatisticsAsync(database))).Message.ShouldContain("shared_preload_libraries");
            return;
        }

        (await Should.ThrowAsync<InvalidOperationException>(() => WorkloadReader.FromStatisticsAsync(database))).Message.ShouldContain("CREATE EXTENSION");
        await database.RunAsync("CREATE EXTENSION pg_stat_statements", "CREATE TABLE s(id int, n int)", "INSERT INTO s VALUES (1, 2)");
        for (var i = 0; i < 5; i++)
        {
            await database.QueryAsync($"SELECT n FROM s WHERE id = {i}");
        }

        var query = (await WorkloadReader.FromStatisticsAsync(database)).Single(q => q.Sql.StartsWith("SELECT n FROM s", StringComparison.Ordinal));
        query.Calls.ShouldBe(5);
        query.TotalMs.ShouldBeGreaterThan(0);
        query.Tables.ShouldBe(["s"]);
    }

    [RequiresPostgresFact]
    public async Task Maintenance_AnalysesVacuums_AndDropsItsInterruptedBuild()
    {
        await using var database = await fixture.CreateAsync(new DatabaseOptions { DataVersions = false });
        await database.RunAsync("CREATE TABLE t(id int PRIMARY KEY, n int) WITH (autovacuum_enabled = off)", "INSERT INTO t SELECT g, g / 2 FROM generate_series(1, 5000) g", "DELETE FROM t WHERE id % 2 = 0", "CREATE INDEX fettle_broken ON t(n)",
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'fettle_broken'::regclass", "SELECT pg_stat_force_next_flush()");
        (await IndexReview.ReviewAsync(database)).ShouldContain(r => r.Id == "drop.t.fettle_broken" && r.Undo.Count == 0);
        (await ApplyGuard.CheckAsync(database, [])).ShouldContain(p => p.Contains("fettle_broken"));
        var state = await DatabaseMaintenance.MeasureAsync(database, integrity: false);
        state.StaleTables.ShouldContain("t");
        var steps = await DatabaseMaintenance.RunAsync(database);
        steps.ShouldContain(s => s.Step.StartsWith("VACUUM (ANALYZE)", StringComparison.Ordinal));
        steps.ShouldContain(s => s.Step.Contains("fettle_broken", StringComparison.Ordinal));
        (await database.QueryAsync("SELECT count(*) FROM pg_class WHERE relname = 'fettle_broken'"))[0][0].ShouldBe(0L);
        (await Should.ThrowAsync<InvalidOperationException>(() => DatabaseMaintenance.BackupAsync(database, "x"))).Message.ShouldContain("pg_dump");
    }

    [RequiresPostgresFact]
    public async Task Settings_AreProposedWithTheirWayBack()
    {
        await using var database = await fixture.CreateAsync();
        var advice = await SettingsAdvisor.AdviseAsync(database, 8L << 30);
        var buffers = advice.Single(a => a.Name == "shared_buffers");
        (buffers.Current, buffers.Proposed, buffers.Undo).ShouldBe(("64MB", "2GB", "ALTER SYSTEM SET shared_buffers = '64MB'"));
        advice.Single(a => a.Name == "random_page_cost").Proposed.ShouldBe("1.1");
        advice.ShouldAllBe(a => a.Persistent && a.Why.Length > 20 && a.Do.StartsWith("ALTER SYSTEM"));
        (await database.DescribeEngineAsync()).ShouldStartWith("PostgreSQL ");
    }

    [RequiresPostgresFact("hypopg")]
    public async Task Health_GradesAndListsTables()
    {
        await using var database = await fixture.CreateAsync();
        await FillStocksAsync(database, stocks: 100, days: 60);
        var concerns = await DatabaseHealth.CheckAsync(database, Stocks, integrity: true);
        concerns.Single(c => c.Name == "missing indexes").Grade.ShouldBe('D');
        concerns.Single(c => c.Name == "settings").Next.ShouldStartWith("ALTER SYSTEM");
        var tables = await TableReport.ReadAsync(database);
        tables[0].Name.ShouldBe("price_movements");
        tables[0].Bytes.ShouldBeGreaterThan(tables[^1].Bytes);
        tables[0].Indexes.ShouldHaveSingleItem().Unique.ShouldBeTrue();
    }

    [RequiresPostgresFact("hypopg")]
    public async Task Layouts_SortTheHeap_WithOrWithoutItsIndex()
    {
        await using var database = await fixture.CreateAsync(new DatabaseOptions { DataVersions = false });
        await database.RunAsync(
            "CREATE TABLE bars(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text, day int, close real, note text)",
            "INSERT INTO bars(code, day, close, note) SELECT 'c' || s, d, s + d, 'a note that makes the row wide enough' FROM generate_series(1, 100) d, generate_series(1, 200) s ORDER BY d, s", "ANALYZE bars");
        var query = Query("SELECT close FROM bars WHERE code = @c AND day > @d", 1000, ("c", "c7"), ("d", 20));
        var fresh = (await LayoutAdvisor.AdviseAsync(database, [query])).Single(a => a.Id == "layout.bars.cluster");
        fresh.Do[0].ShouldStartWith("CREATE INDEX CONCURRENTLY");
        await database.RunAsync("CREATE INDEX bars_key ON bars(code, day)", "ANALYZE bars");
        var cluster = (await LayoutAdvisor.AdviseAsync(database, [query])).Single(a => a.Id == "layout.bars.cluster");
        cluster.Do[0].ShouldStartWith("CLUSTER");
        (cluster.PredictedGain > 0.3 && cluster.Evidence.Serves.Count == 1).ShouldBeTrue();
        var sum = await database.QueryAsync("SELECT sum(close), count(*) FROM bars");
        var before = (await WorkloadMeasurement.RunAsync(database, [query], 1))[0];
        foreach (var statement in cluster.Do.Concat(cluster.Do).Concat(cluster.Undo).Concat(cluster.Undo))
        {
            await database.RunAsync(statement);
        }

        (await database.QueryAsync("SELECT sum(close), count(*) FROM bars"))[0].ShouldBe(sum[0]);
        var after = (await WorkloadMeasurement.RunAsync(database, [query], 1))[0];
        after.Answer.ShouldBe(before.Answer);
        after.Pages.ShouldBeLessThan(before.Pages / 3);
        (await LayoutAdvisor.AdviseAsync(database, [query])).ShouldNotContain(a => a.Id == "layout.bars.cluster");
    }

    [RequiresPostgresFact("hypopg")]
    public async Task RowsInOrderOfTime_AreSummarisedByBlock()
    {
        await using var database = await fixture.CreateAsync(new DatabaseOptions { DataVersions = false });
        await database.RunAsync(
            "CREATE TABLE ticks(id int, day date, price real)",
            "INSERT INTO ticks SELECT n, date '2000-01-01' + n / 20, n FROM generate_series(1, 120000) n", "ANALYZE ticks");
        var query = Query("SELECT sum(price) FROM ticks WHERE day BETWEEN date '2010-01-01' AND date '2010-01-09'", 1000);
        var brin = (await LayoutAdvisor.AdviseAsync(database, [query])).Single(a => a.Id == "layout.ticks.brin");
        brin.Do[0].ShouldContain("USING brin (day)");
        brin.Evidence.Bytes.ShouldBeLessThan(100_000);
        foreach (var statement in brin.Do)
        {
            await database.RunAsync(statement);
        }

        (await PlanExplainer.ExplainAsync(database, query)).Indexes.ShouldContain(brin.Evidence.Object);
        await database.RunAsync([.. brin.Undo]);
        await database.RunAsync([.. brin.Undo]);
    }

    [RequiresPostgresFact("hypopg")]
    public async Task PartialCondition_IsPricedByItsShareOfTheRows()
    {
        await using var database = await fixture.CreateAsync();
        await database.RunAsync(
            "CREATE TABLE jobs(id int PRIMARY KEY, state text NOT NULL, closed int, due int, payload text)",
            "INSERT INTO jobs SELECT n, CASE WHEN n % 500 = 0 THEN 'open' ELSE 'done' END, CASE WHEN n % 400 = 0 THEN NULL ELSE n END, n * 7919 % 20011, repeat('p', 50) FROM generate_series(1, 40000) n", "ANALYZE jobs");
        var open = await IndexAdvisor.AdviseAsync(database, [Query("SELECT payload FROM jobs WHERE state = 'open' ORDER BY due LIMIT 10", 1000)], new AdvisorOptions { MaxCoveringColumns = 0 });
        open.ShouldHaveSingleItem().Evidence.Bytes.ShouldBeLessThan(400_000);
        var missing = await IndexAdvisor.AdviseAsync(database, [Query("SELECT payload FROM jobs WHERE closed IS NULL AND due > 20000", 1000)], new AdvisorOptions { MaxCoveringColumns = 0 });
        missing.ShouldHaveSingleItem().PredictedGain.ShouldBeGreaterThan(0.5);
    }

    [RequiresPostgresFact]
    public async Task Exhausted_ThrowsWithRetryAfter_AndServesAgain()
    {
        await using var database = await fixture.CreateAsync(new DatabaseOptions { MaxConnections = 1, Burst = 0, AcquireTimeout = TimeSpan.FromMilliseconds(30), DataVersions = false });
        await using (await database.OpenReadAsync())
        {
            (await Should.ThrowAsync<PoolExhaustedException>(async () => await database.OpenWriteAsync())).Pool.ShouldBe("connections");
        }

        (await database.QueryAsync("SELECT 1"))[0][0].ShouldBe(1);
        await database.ClearPoolAsync();
        database.Pools[0].Timeouts.ShouldBe(1);
    }
}
