using static Fettle.Databases.Tests.Advice.Workloads;

namespace Fettle.Databases.Tests.Advice;

public class AdviceTrapTests
{
    [Fact]
    public async Task Collation_OfTheComparison_IsTheIndexs()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync(
            "CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, nick TEXT COLLATE NOCASE, age INT)",
            "INSERT INTO people(name, nick, age) WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n < 5000) SELECT 'Name' || n, 'Nick' || n, n % 90 FROM c");
        var byName = Query("SELECT age FROM people WHERE name = @n COLLATE NOCASE", 100, ("n", "name7"));
        var byNick = Query("SELECT age FROM people WHERE nick = @n", 100, ("n", "NICK7"));
        var actions = await IndexAdvisor.AdviseAsync(test.Database, [byName, byNick], new AdvisorOptions { MaxCoveringColumns = 0 });
        actions.Count.ShouldBe(2);
        foreach (var action in actions)
        {
            await test.RunAsync([.. action.Do]);
        }

        (await test.Database.PlanAsync(byName.Sql, ("n", "x"))).ShouldContain(actions.Single(a => a.Do[0].Contains("NOCASE")).Evidence.Object);
        (await test.Database.PlanAsync(byNick.Sql, ("n", "x"))).ShouldContain(actions.Single(a => !a.Do[0].Contains("NOCASE")).Evidence.Object);
        (await test.Database.QueryAsync(byName.Sql, ("n", "name7"))).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task PartialIndexOfAnotherCondition_ServesNothing_AndAnotherIsProposed()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync(
            "CREATE TABLE jobs(id INTEGER PRIMARY KEY, state TEXT, owner INT, payload TEXT)",
            "INSERT INTO jobs(state, owner, payload) WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n < 8000) SELECT CASE WHEN n % 3 = 0 THEN 'open' ELSE 'done' END, n % 900, 'p' FROM c",
            "CREATE INDEX open_jobs ON jobs(owner) WHERE state = 'open'");
        var query = Query("SELECT payload FROM jobs WHERE owner = @o AND state = 'done'", 100, ("o", 5));
        var action = (await IndexAdvisor.AdviseAsync(test.Database, [query], new AdvisorOptions { MaxCoveringColumns = 0 })).ShouldHaveSingleItem();
        await test.RunAsync([.. action.Do]);
        (await test.Database.PlanAsync(query.Sql, ("o", 5))).ShouldContain(action.Evidence.Object);
        (await IndexAdvisor.AdviseAsync(test.Database, [Query("SELECT payload FROM jobs WHERE owner = @o AND state = 'open'", 100, ("o", 5))], new AdvisorOptions { MaxCoveringColumns = 0 })).ShouldBeEmpty();
    }

    [Fact]
    public async Task ConditionOnAnExistingPrefix_IsNotIndexedAgain()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync(
            "CREATE TABLE t(id INTEGER PRIMARY KEY, a INT, b INT, UNIQUE (a, b))",
            "INSERT INTO t(a, b) WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n < 5000) SELECT n % 700, n FROM c");
        (await IndexAdvisor.AdviseAsync(test.Database, [Query("SELECT b FROM t WHERE a = @a", 100, ("a", 5))])).ShouldBeEmpty();
    }

    [Fact]
    public async Task LooseIndexes_AreRebuilt_FullOnesAreNot()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync(
            "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
            "INSERT INTO t(a, b) WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n < 9999) SELECT 'key' || (n * 7919 % 10007), 'key' || n FROM c",
            "CREATE INDEX loose ON t(a)", "CREATE INDEX full ON t(b)");
        if (SqliteEngine.Source == "bundled")
        {
            // It has no dbstat and cannot tell full from loose: what was asked for is done to all.
            var all = (await DatabaseMaintenance.RunAsync(test.Database, reindex: true)).Select(s => s.Step).ToList();
            all.ShouldContain("REINDEX loose");
            all.ShouldContain("REINDEX \"full\"");
            return;
        }

        (await DatabaseMaintenance.RunAsync(test.Database, reindex: true)).ShouldNotContain(s => s.Step.StartsWith("REINDEX"));
        // Every third row stays, spread over all pages of the first index; the second is made anew.
        await test.RunAsync("DELETE FROM t WHERE id % 3 > 0", "DROP INDEX full", "CREATE INDEX full ON t(b)");
        (await DatabaseMaintenance.RunAsync(test.Database, reindex: true)).Select(s => s.Step).Where(s => s.StartsWith("REINDEX")).ShouldBe(["REINDEX loose"]);
    }
}
