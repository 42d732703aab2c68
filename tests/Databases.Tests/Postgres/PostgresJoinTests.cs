using Fettle.Testing;
using static Fettle.Databases.Tests.Advice.Workloads;

namespace Fettle.Databases.Tests.Postgres;

[Collection("postgres")]
public class PostgresJoinTests(PostgresFixture fixture)
{
    [RequiresPostgresFact("hypopg")]
    public async Task KeptJoin_IsAsOldAsItsRefresh_WhichMaintenanceDoes()
    {
        await using var database = await fixture.CreateAsync(new DatabaseOptions { DataVersions = false });
        await database.RunAsync(
            "CREATE TABLE people(id int PRIMARY KEY, name text, site int)", "INSERT INTO people SELECT n, 'name ' || n, n % 20 FROM generate_series(1, 400) n",
            "CREATE TABLE orders(id int PRIMARY KEY, person int, kind int, a int, b int, c int, d int, e int, f int, g int, h int)",
            "INSERT INTO orders SELECT n, n * 7 % 400, n / 400 % 50, n, n, n, n, n, n, n, n FROM generate_series(1, 40000) n", "ANALYZE");
        var query = Query("SELECT p.name, o.a, o.b, o.c, o.d, o.e, o.f, o.g, o.h FROM people p JOIN orders o ON o.person = p.id WHERE p.site = @s AND o.kind = @k", 1000, ("s", 1), ("k", 3));
        var advice = (await JoinAdvisor.AdviseAsync(database, [query])).ShouldHaveSingleItem();
        advice.Staleness.ShouldStartWith("as old as its last refresh");
        var rewritten = query with { Sql = advice.Rewritten, Example = advice.Rewritten };
        await database.RunAsync([.. advice.Action.Do, .. advice.Action.Do]);
        async Task<bool> Same()
        {
            var answers = await WorkloadMeasurement.RunAsync(database, [query, rewritten], 1);
            return answers[0].Answer == answers[1].Answer && answers[1].Work < answers[0].Work;
        }

        (await Same()).ShouldBeTrue();
        await database.RunAsync("UPDATE orders SET a = -1 WHERE kind = 3");
        (await Same()).ShouldBeFalse();
        (await DatabaseMaintenance.RunAsync(database)).ShouldContain(s => s.Step.StartsWith("REFRESH MATERIALIZED VIEW CONCURRENTLY"));
        (await Same()).ShouldBeTrue();
        await database.RunAsync([.. advice.Action.Undo, .. advice.Action.Undo]);
        (await database.QueryAsync("SELECT count(*) FROM pg_matviews"))[0][0].ShouldBe(0L);
    }
}
