using Fettle.Testing;
using static Fettle.Databases.Tests.Advice.Workloads;

namespace Fettle.Databases.Tests.Postgres;

/// <summary>Schemas that mislead an advisor; the plan after apply is the judge.</summary>
[Collection("postgres")]
public class PostgresTrapTests(PostgresFixture fixture)
{
    static readonly AdvisorOptions Narrow = new() { MaxCoveringColumns = 0 };

    [RequiresPostgresFact("hypopg")]
    public async Task Functions_Or_Prefixes_Views_AndOddNames_AreServedAfterApply()
    {
        await using var database = await fixture.CreateAsync(new DatabaseOptions { DataVersions = false });
        await database.RunAsync(
            """CREATE TABLE "Order Größe"(id int PRIMARY KEY, "select" text, "na""me" int, mail text, city text, flag boolean, twice int GENERATED ALWAYS AS (id * 2) STORED)""",
            """INSERT INTO "Order Größe" SELECT n, 's' || n, n, 'Mail' || n, 'City ' || n % 4000, n % 2 = 0 FROM generate_series(1, 20000) n""",
            """CREATE VIEW big AS SELECT "na""me" AS size, city FROM "Order Größe" WHERE id > 0""",
            "CREATE TABLE empty(id int PRIMARY KEY, a int)",
            "ANALYZE");
        foreach (var (query, count) in new[]
        {
            (Query("""SELECT x.id FROM "Order Größe" AS x WHERE x."select" = @s AND x."na""me" > @n""", 100, ("s", "s5"), ("n", 3)), 1),
            (Query("""SELECT id FROM "Order Größe" o WHERE lower(o.mail) = @m""", 100, ("m", "mail77")), 1),
            (Query("""SELECT flag FROM "Order Größe" WHERE city LIKE 'City 39%'""", 100), 1),
            (Query("""SELECT flag FROM "Order Größe" WHERE "select" = @a OR mail = @b""", 100, ("a", "s9"), ("b", "Mail8")), 2),
            (Query("SELECT city FROM big WHERE size = @s", 100, ("s", 77)), 1),
            (Query("""SELECT id FROM "Order Größe" WHERE twice = @t""", 100, ("t", 10)), 1),
        })
        {
            var actions = await IndexAdvisor.AdviseAsync(database, [query], Narrow);
            actions.Count.ShouldBe(count, query.Sql);
            foreach (var statement in actions.SelectMany(a => a.Do))
            {
                await database.RunAsync(statement);
            }

            var plan = await PlanExplainer.ExplainAsync(database, query);
            actions.ShouldAllBe(a => plan.Indexes.Contains(a.Evidence.Object), query.Sql + "\n" + plan.ToTree());
            foreach (var statement in actions.SelectMany(a => a.Undo.Concat(a.Undo)))
            {
                await database.RunAsync(statement);
            }
        }

        (await IndexAdvisor.ReportAsync(database, [Query("SELECT a FROM empty WHERE a = 1"), Query("SELECT nothing FROM empty")], Narrow)).Actions.ShouldBeEmpty();
        (await IndexAdvisor.AdviseAsync(database, [Query("""SELECT count(mail) FROM "Order Größe" WHERE flag = @f""", 100, ("f", true))], Narrow)).ShouldBeEmpty();
        (await IndexAdvisor.AdviseAsync(database, [Query("""SELECT id FROM "Order Größe" WHERE now() - interval '1 day' < current_timestamp AND "na""me" > 19990""", 100)], Narrow)).SelectMany(a => a.Do).ShouldAllBe(sql => !sql.Contains("now"));
    }

    [RequiresPostgresFact("hypopg")]
    public async Task PartialIndexOfAnotherCondition_ServesNothing_AndAnotherIsProposed()
    {
        await using var database = await fixture.CreateAsync(new DatabaseOptions { DataVersions = false });
        await database.RunAsync(
            "CREATE TABLE jobs(id int PRIMARY KEY, state text, owner int, payload text)",
            "INSERT INTO jobs SELECT n, CASE WHEN n % 3 = 0 THEN 'open' ELSE 'done' END, n % 900, repeat('p', 60) FROM generate_series(1, 20000) n",
            "CREATE INDEX open_jobs ON jobs(owner) WHERE state = 'open'", "ANALYZE");
        var query = Query("SELECT payload FROM jobs WHERE owner = @o AND state = 'done'", 100, ("o", 5));
        var action = (await IndexAdvisor.AdviseAsync(database, [query], Narrow)).ShouldHaveSingleItem();
        foreach (var statement in action.Do)
        {
            await database.RunAsync(statement);
        }

        (await PlanExplainer.ExplainAsync(database, query)).Indexes.ShouldContain(action.Evidence.Object);
        // The partial index serves its own condition: what is left to gain is next to nothing.
        (await IndexAdvisor.AdviseAsync(database, [Query("SELECT payload FROM jobs WHERE owner = @o AND state = 'open'", 100, ("o", 5))], Narrow)).ShouldAllBe(a => a.PredictedGain < 0.05 && a.Evidence.Object != "open_jobs");
    }

    [RequiresPostgresFact("pg_qualstats", "pg_stat_statements")]
    public async Task Qualstats_GiveTheValuesThatWereAsked()
    {
        await using var database = await fixture.CreateAsync(new DatabaseOptions { DataVersions = false });
        await database.RunAsync("CREATE EXTENSION pg_stat_statements", "CREATE EXTENSION pg_qualstats", "CREATE TABLE s(id int, n int)", "INSERT INTO s SELECT g, g % 100 FROM generate_series(1, 1000) g");
        await using (var connection = await database.OpenReadAsync())
        {
            foreach (var sql in new[] { "SET pg_qualstats.sample_rate = 1", "SELECT id FROM s WHERE n = 42", "SELECT id FROM s WHERE n = 42" })
            {
                await using var command = connection.Command(sql);
                await command.ExecuteNonQueryAsync();
            }
        }

        var query = (await WorkloadReader.FromStatisticsAsync(database)).Single(q => q.Sql.StartsWith("SELECT id FROM s", StringComparison.Ordinal));
        (query.Calls, query.Example).ShouldBe((2, "SELECT id FROM s WHERE n = 42"));
    }
}
