using static Fettle.Databases.Tests.Advice.Workloads;

namespace Fettle.Databases.Tests.Joins;

public class JoinAdvisorTests
{
    static readonly RecordedQuery Join = Query(
        "SELECT p.name, o.day, sum(o.amount) AS total FROM people p JOIN orders o ON o.person = p.id JOIN goods AS g ON g.id = o.goods AND g.weight > 1 WHERE g.kind = @k AND o.day >= @d GROUP BY p.name, o.day ORDER BY total DESC LIMIT 5",
        1000, ("k", "kind 3"), ("d", 10));

    [Fact]
    public async Task KeptJoin_AnswersTheSame_WithLessWork_AfterAnyWrite()
    {
        await using var test = await ShopAsync();
        var advice = (await JoinAdvisor.AdviseAsync(test.Database, [Join])).ShouldHaveSingleItem();
        advice.Staleness.ShouldStartWith("none");
        var rewritten = Join with { Sql = advice.Rewritten, Example = advice.Rewritten };
        await test.RunAsync([.. advice.Action.Do]);
        await test.RunAsync([.. advice.Action.Do]);
        await EqualAsync(test, rewritten);
        var work = await WorkloadMeasurement.RunAsync(test.Database, [Join, rewritten], 1);
        work[1].Work.ShouldBeLessThan(work[0].Work / 2);
        (work[1].Answer, work[1].Rows).ShouldBe((work[0].Answer, 5));

        var random = new Random(66);
        for (var i = 0; i < 120; i++)
        {
            var (person, goods, order) = (random.Next(400), random.Next(60), random.Next(6_200));
            await test.RunAsync(random.Next(9) switch
            {
                0 => $"INSERT INTO orders(person, goods, day, amount) VALUES ({person}, {goods}, {random.Next(30)}, {i})",
                1 => $"INSERT INTO people(name) VALUES ('new {i}')",
                2 => $"INSERT INTO goods(kind, weight) VALUES ('kind 3', {random.Next(4)})",
                3 => $"UPDATE orders SET goods = {goods}, person = {person} WHERE id = {order}",
                4 => $"UPDATE goods SET weight = {random.Next(4)}, kind = 'kind ' || {random.Next(6)} WHERE id = {goods}",
                5 => $"UPDATE people SET name = 'changed {i}', id = id + 100000 WHERE id = {person}",
                6 => $"DELETE FROM orders WHERE id BETWEEN {order} AND {order + 3}",
                7 => $"DELETE FROM people WHERE id = {person}",
                _ => $"INSERT INTO goods(id, kind, weight) VALUES ({goods}, 'kind 3', 3) ON CONFLICT(id) DO UPDATE SET weight = weight + 1",
            });
            if (i % 10 == 9)
            {
                await EqualAsync(test, rewritten);
            }
        }

        await test.RunAsync([.. advice.Action.Undo]);
        await test.RunAsync([.. advice.Action.Undo]);
        (await test.Database.QueryAsync("SELECT name FROM sqlite_master WHERE name LIKE 'fettle_join%'")).ShouldBeEmpty();
        await test.RunAsync("DELETE FROM orders WHERE id < 50");
    }

    [Fact]
    public async Task ManyWrites_MakeItNotWorthIt()
    {
        await using var test = await ShopAsync();
        (await JoinAdvisor.AdviseAsync(test.Database, [Join, Query("UPDATE orders SET amount = amount + 1 WHERE id = @id", 50_000_000, ("id", 5))])).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("SELECT p.name, o.amount FROM people p LEFT JOIN orders o ON o.person = p.id WHERE p.name = 'x'")]
    [InlineData("SELECT p.name, o.amount FROM people p JOIN orders o ON o.person = p.id AND o.day = @d")]
    [InlineData("SELECT * FROM people p JOIN orders o ON o.person = p.id")]
    [InlineData("SELECT p.name FROM people p JOIN orders o ON o.person = p.id WHERE o.day = (SELECT max(day) FROM orders)")]
    [InlineData("SELECT p.name FROM people p JOIN clock c ON c.person = p.id")]
    [InlineData("SELECT p.name FROM people p JOIN orders o ON o.person = p.id AND o.day > random()")]
    public async Task OtherForms_AreLeftAlone(string sql)
    {
        await using var test = await ShopAsync();
        await test.RunAsync("CREATE TABLE clock(person INT PRIMARY KEY) WITHOUT ROWID");
        (await JoinAdvisor.AdviseAsync(test.Database, [Query(sql, 1000, ("d", 3))])).ShouldBeEmpty();
    }

    [Fact]
    public async Task TableJoinedToItself_IsKeptFreshOnBothSides()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync(
            "CREATE TABLE staff(id INTEGER PRIMARY KEY, boss INT, name TEXT, site INT)",
            "INSERT INTO staff(boss, name, site) WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n < 3000) SELECT n / 30, 'n' || n, n % 5 FROM c");
        var query = Query("SELECT s.name, b.name FROM staff s JOIN staff b ON b.id = s.boss WHERE b.site = @s AND s.site = 2", 1000, ("s", 1));
        var advice = (await JoinAdvisor.AdviseAsync(test.Database, [query])).ShouldHaveSingleItem();
        await test.RunAsync([.. advice.Action.Do]);
        var rewritten = query with { Sql = advice.Rewritten, Example = advice.Rewritten };
        foreach (var change in new[] { "UPDATE staff SET site = 2 WHERE id < 40", "DELETE FROM staff WHERE id = 7", "INSERT INTO staff(id, boss, name, site) VALUES (7, 7, 'self', 2)", "UPDATE staff SET boss = 7", "UPDATE staff SET site = 1 WHERE id = 7" })
        {
            await test.RunAsync(change);
            var answers = await WorkloadMeasurement.RunAsync(test.Database, [query, rewritten], 1);
            answers[1].Answer.ShouldBe(answers[0].Answer, change);
        }
    }

    static async Task EqualAsync(TemporaryDatabase test, RecordedQuery rewritten)
    {
        static RecordedQuery Whole(RecordedQuery query)
        {
            var sql = query.Sql.Replace(" ORDER BY total DESC LIMIT 5", "", StringComparison.Ordinal);
            return query with { Sql = sql, Example = sql };
        }

        var answers = await WorkloadMeasurement.RunAsync(test.Database, [Whole(Join), Whole(rewritten)], 1);
        answers[1].Answer.ShouldBe(answers[0].Answer);
    }

    static async Task<TemporaryDatabase> ShopAsync()
    {
        var test = new TemporaryDatabase();
        await FillAsync(test.Database, "INTEGER PRIMARY KEY", n => $"(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {n}) SELECT n FROM c)");
        return test;
    }

    static Task FillAsync(Database database, string key, Func<int, string> numbers) => database.RunAsync(
        $"CREATE TABLE people(id {key}, name TEXT)", $"CREATE TABLE goods(id {key}, kind TEXT, weight INT)", $"CREATE TABLE orders(id {key}, person INT, goods INT, day INT, amount INT)",
        $"INSERT INTO people(name) SELECT 'name ' || s.n FROM {numbers(400)} s",
        $"INSERT INTO goods(kind, weight) SELECT 'kind ' || (s.n % 6), s.n % 4 FROM {numbers(60)} s",
        $"INSERT INTO orders(person, goods, day, amount) SELECT s.n * 7 % 400, s.n * 11 % 60, s.n % 30, s.n FROM {numbers(6_000)} s");
}
