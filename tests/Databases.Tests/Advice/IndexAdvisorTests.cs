using static Fettle.Databases.Tests.Advice.Workloads;

namespace Fettle.Databases.Tests.Advice;

public class IndexAdvisorTests
{
    [Fact]
    public async Task StocksWorkload_GetsOneIndexPerAccessPath_AndItsPlansUseThem()
    {
        await using var test = new TemporaryDatabase();
        await FillStocksAsync(test.Database, stocks: 300, days: 120);
        var actions = await IndexAdvisor.AdviseAsync(test.Database, Stocks, new AdvisorOptions { MaxCoveringColumns = 0 });
        var wanted = new[] { "price_movements.bse_code-date", "news.bse_code-published_at", "historical_financials.bse_code-announced_on", "earnings_calendar.bse_code-announce_on", "stocks.nse_symbol", "stocks.bse_code" };
        actions.Select(a => a.Id).Order().ShouldBe(wanted.Select(w => "index." + w).Order());
        foreach (var action in actions)
        {
            await test.RunAsync([.. action.Do]);
            await test.RunAsync([.. action.Do]);
        }

        foreach (var query in Stocks)
        {
            var plan = await test.Database.PlanAsync(query.Sql, [.. query.Samples[0].Select(s => (s.Key, (object)s.Value.ToString()))]);
            plan.ShouldNotContain("SCAN");
            plan.ShouldNotContain("TEMP B-TREE");
        }

        foreach (var action in actions)
        {
            await test.RunAsync([.. action.Undo]);
            await test.RunAsync([.. action.Undo]);
        }

        (await test.Database.QueryAsync("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name LIKE 'fettle%'"))[0][0].ShouldBe(0L);
    }

    [Fact]
    public async Task NarrowQuery_GetsACoveringIndex_WhenItPays()
    {
        await using var test = new TemporaryDatabase();
        await FillStocksAsync(test.Database, stocks: 300, days: 120);
        var action = (await IndexAdvisor.AdviseAsync(test.Database, [Query("SELECT date, close FROM price_movements WHERE bse_code = @c ORDER BY date", 10_000, ("c", "500003"))])).ShouldHaveSingleItem();
        action.Title.ShouldStartWith("Covering index");
        action.Do[0].ShouldContain("(bse_code, date, close)");
        action.Evidence.Serves.ShouldHaveSingleItem().PlanAfter.ShouldContain("COVERING INDEX");
    }

    [Fact]
    public async Task ManyWrites_MakeAnIndexNotWorthIt()
    {
        await using var test = new TemporaryDatabase();
        await FillStocksAsync(test.Database, stocks: 50, days: 40);
        RecordedQuery[] workload =
        [
            Query("SELECT close FROM price_movements WHERE source = @s AND volume = @v", 1, ("s", "generated"), ("v", 1005)),
            Query("INSERT INTO price_movements(bse_code, date, close) VALUES (@a, @b, @c)", 10_000_000),
        ];
        (await IndexAdvisor.AdviseAsync(test.Database, workload)).ShouldBeEmpty();
    }

    [Fact]
    public async Task LowSelectivity_IsNotIndexed_ButItsRareValueMayBePartial()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync(
            "CREATE TABLE jobs(id INTEGER PRIMARY KEY, state TEXT NOT NULL, payload TEXT, due INTEGER)",
            "INSERT INTO jobs(state, payload, due) WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n < 20000) SELECT CASE WHEN n % 500 = 0 THEN 'open' ELSE 'done' END, 'p' || n, n * 7919 % 20011 FROM c");
        var partial = (await IndexAdvisor.AdviseAsync(test.Database, [Query("SELECT id, payload FROM jobs WHERE state = 'open' ORDER BY due LIMIT 10", 1000)])).ShouldHaveSingleItem();
        partial.Do[0].ShouldContain("WHERE state = 'open'");
        var common = await IndexAdvisor.AdviseAsync(test.Database, [Query("SELECT count(payload) FROM jobs WHERE state = @s", 1000, ("s", "done"))], new AdvisorOptions { MaxCoveringColumns = 0 });
        common.ShouldBeEmpty();
    }

    [Fact]
    public async Task FunctionOverColumn_GetsAnExpressionIndex_ThatThePlanUses()
    {
        await using var test = new TemporaryDatabase();
        await FillStocksAsync(test.Database, stocks: 2000, days: 4);
        var action = (await IndexAdvisor.AdviseAsync(test.Database, [Query("SELECT bse_code FROM stocks s WHERE lower(s.company_name) = @n", 1000, ("n", "company 5"))])).ShouldHaveSingleItem();
        action.Do[0].ShouldContain("lower(company_name)");
        await test.RunAsync([.. action.Do]);
        (await test.Database.PlanAsync("SELECT bse_code FROM stocks s WHERE lower(s.company_name) = @n", ("n", "x"))).ShouldContain(action.Evidence.Object);
    }

    [Fact]
    public async Task VolatileCondition_MakesNeitherPartialNorExpressionIndex()
    {
        await using var test = new TemporaryDatabase();
        await FillStocksAsync(test.Database, stocks: 1000, days: 10);
        var actions = await IndexAdvisor.AdviseAsync(test.Database, [Query("SELECT score FROM news WHERE date(published_at) = date('now') AND published_at > date('now', '-1 day')", 100)]);
        actions.SelectMany(a => a.Do).ShouldAllBe(sql => !sql.Contains("now") && !sql.Contains("date("));
    }

    [Fact]
    public async Task LikePrefix_GetsAnIndexWithTheCollationThatLikeNeeds()
    {
        await using var test = new TemporaryDatabase();
        await FillStocksAsync(test.Database, stocks: 3000, days: 2);
        var action = (await IndexAdvisor.AdviseAsync(test.Database, [Query("SELECT bse_code FROM stocks WHERE company_name LIKE @p", 1000, ("p", "Company 12%"))])).ShouldHaveSingleItem();
        action.Do[0].ShouldContain("COLLATE NOCASE");
    }

    [Fact]
    public async Task Or_GetsAnIndexForEachBranch()
    {
        await using var test = new TemporaryDatabase();
        await FillStocksAsync(test.Database, stocks: 3000, days: 2);
        var actions = await IndexAdvisor.AdviseAsync(test.Database, [Query("SELECT company_name FROM stocks WHERE bse_code = @a OR nse_symbol = @b", 1000, ("a", "500001"), ("b", "SYM9"))]);
        // One branch alone gains nothing, so the pair must be found together.
        actions.Select(a => a.Id).Order().ShouldBe(["index.stocks.bse_code", "index.stocks.nse_symbol"]);
    }

    [Fact]
    public async Task OddNames_AreQuotedInEveryStatement()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync(
            "CREATE TABLE \"Order Größe\"(id INTEGER PRIMARY KEY, \"select\" TEXT, \"na\"\"me\" INT, [group by] INT)",
            "INSERT INTO \"Order Größe\"(\"select\", \"na\"\"me\", [group by]) WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n < 5000) SELECT 's' || n, n, n % 7 FROM c");
        var query = Query("SELECT x.\"group by\" FROM \"Order Größe\" AS x WHERE x.\"select\" = @s AND x.\"na\"\"me\" > @n", 100, ("s", "s5"), ("n", 3));
        var action = (await IndexAdvisor.AdviseAsync(test.Database, [query])).ShouldHaveSingleItem();
        await test.RunAsync([.. action.Do]);
        (await test.Database.PlanAsync(query.Sql, ("s", "a"), ("n", 1))).ShouldContain(action.Evidence.Object);
        await test.RunAsync([.. action.Undo]);
    }

    [Fact]
    public async Task JoinInsideAView_GetsTheJoinColumnIndexed()
    {
        await using var test = new TemporaryDatabase();
        await FillStocksAsync(test.Database, stocks: 500, days: 20);
        await test.RunAsync("CREATE VIEW last_news AS SELECT s.nse_symbol, n.score, n.published_at FROM stocks s JOIN news n ON n.bse_code = s.bse_code");
        var actions = await IndexAdvisor.AdviseAsync(test.Database, [Query("SELECT score FROM last_news WHERE nse_symbol = @s", 100, ("s", "SYM5"))]);
        actions.ShouldContain(a => a.Evidence.Table == "news" && a.Do[0].Contains("(bse_code"));
    }

    [Fact]
    public async Task EmptyTables_GeneratedColumns_AndBrokenStatements_DoNotStopTheAdvice()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync(
            "CREATE TABLE empty(id INTEGER PRIMARY KEY, a INT)",
            "CREATE TABLE g(id INTEGER PRIMARY KEY, a INT, b INT GENERATED ALWAYS AS (a * 2) VIRTUAL)",
            "INSERT INTO g(a) WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n < 5000) SELECT n FROM c");
        var report = await IndexAdvisor.ReportAsync(test.Database, [Query("SELECT a FROM empty WHERE a = 1"), Query("SELECT id FROM g WHERE b = @b", 100, ("b", 10)), Query("SELECT unknown_function(a) FROM g"), Query("this is no sql")]);
        report.Actions.ShouldHaveSingleItem().Do[0].ShouldContain("ON g(b)");
        report.Skipped.ShouldBe(["SELECT unknown_function(a) FROM g"]);
    }

    [Fact]
    public async Task ThousandTables_AreAdvisedWithoutReadingThemAll()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("BEGIN");
        await test.RunAsync([.. Enumerable.Range(0, 1000).Select(i => $"CREATE TABLE t{i}(id INTEGER PRIMARY KEY, a INT, b TEXT)"), "INSERT INTO t7(a, b) WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n < 3000) SELECT n, 'x' FROM c"]);
        var report = await IndexAdvisor.ReportAsync(test.Database, [Query("SELECT b FROM t7 WHERE a = @a", 100, ("a", 5)), Query("SELECT b FROM t8 WHERE a = @a", 100)]);
        report.Actions.ShouldHaveSingleItem().Evidence.Table.ShouldBe("t7");
    }

    [Fact]
    public async Task ExistingIndex_IsNotProposedAgain()
    {
        await using var test = new TemporaryDatabase();
        await FillStocksAsync(test.Database, stocks: 500, days: 10);
        await test.RunAsync("CREATE INDEX mine ON stocks(nse_symbol, status)");
        (await IndexAdvisor.AdviseAsync(test.Database, [Query("SELECT id FROM stocks WHERE nse_symbol = @s", 100, ("s", "SYM1"))], new AdvisorOptions { MaxCoveringColumns = 0 })).ShouldBeEmpty();
    }

    [Fact]
    public async Task RowCountOfTheTable_OutlivesTheIndex()
    {
        await using var test = new TemporaryDatabase();
        await FillStocksAsync(test.Database, stocks: 500, days: 10);
        await test.RunAsync("ANALYZE");
        var action = (await IndexAdvisor.AdviseAsync(test.Database, [Query("SELECT score FROM news WHERE bse_code = @c", 100, ("c", "500007"))])).ShouldHaveSingleItem();
        await test.RunAsync([.. action.Do, .. action.Do, .. action.Undo, .. action.Undo]);
        string.Join(';', (await test.Database.QueryAsync("SELECT coalesce(idx, '-') || ' ' || stat FROM sqlite_stat1 WHERE tbl = 'news'")).Select(r => r[0])).ShouldBe("- 1000");
    }

    [Fact]
    public async Task InsertPrice_IsHighForKeysThatFallAnywhere_LowForThoseThatRise()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync(
            "CREATE TABLE t(id INTEGER PRIMARY KEY, code TEXT, other TEXT, day INT, v REAL)",
            "INSERT INTO t(code, other, day, v) WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n < 60000) SELECT 'a key that falls anywhere, and is long enough to fill pages of an index: ' || (n * 7919 % 60001), 'another key that falls anywhere, and is long enough to fill pages of an index: ' || (n * 7907 % 60001), n, n FROM c");
        async Task<double> Price(string column, object value) =>
            (await IndexAdvisor.AdviseAsync(test.Database, [Query($"SELECT v FROM t WHERE {column} = @v", 1000, ("v", value))], new AdvisorOptions { MaxCoveringColumns = 0 })).ShouldHaveSingleItem().Evidence.WriteAmplification;
        var (anywhere, rising) = (await Price("code", "x"), await Price("day", 77));
        anywhere.ShouldBeGreaterThan(2 * rising);
        await test.RunAsync("CREATE INDEX others ON t(other)");
        (await Price("code", "x")).ShouldBeInRange(1.1, 1 + (anywhere - 1) / 1.5);
    }

    [Fact]
    public async Task Budget_IsKept()
    {
        await using var test = new TemporaryDatabase();
        await FillStocksAsync(test.Database, stocks: 300, days: 60);
        var all = await IndexAdvisor.ReportAsync(test.Database, Stocks);
        var half = all.Actions.Sum(a => a.Evidence.Bytes) / 2;
        var some = await IndexAdvisor.ReportAsync(test.Database, Stocks, new AdvisorOptions { StorageBudget = half });
        some.Actions.Sum(a => a.Evidence.Bytes).ShouldBeLessThanOrEqualTo(half);
        some.CostAfter.ShouldBeGreaterThanOrEqualTo(all.CostAfter);
        some.CostAfter.ShouldBeLessThan(some.CostBefore);
    }
}
