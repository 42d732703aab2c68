using Fettle.Caching;

namespace Fettle.Databases.Tests.Caching;

public class QueryCacheTests
{
    [Fact]
    public async Task CommittedWrite_IsNeverFollowedByAnOlderResult()
    {
        await using var test = new TemporaryDatabase();
        await using var cache = new FettleCache();
        var queries = new QueryCache<long>(test.Database, cache);
        await test.RunAsync("CREATE TABLE t(n INTEGER)", "INSERT INTO t VALUES (0)");
        var loads = 0;
        ValueTask<long> Read() => queries.GetAsync("SELECT n FROM t WHERE n >= @low", [new("low", 0)], async (connection, token) =>
        {
            Interlocked.Increment(ref loads);
            await using var command = connection.Command("SELECT n FROM t WHERE n >= @low", ("low", 0));
            return (long)(await command.ExecuteScalarAsync(token))!;
        });
        var committed = 0L;
        var stop = false;
        var readers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!Volatile.Read(ref stop))
            {
                var atLeast = Volatile.Read(ref committed);
                (await Read()).ShouldBeGreaterThanOrEqualTo(atLeast);
            }
        })).ToArray();
        for (var i = 1L; i <= 200; i++)
        {
            await test.RunAsync($"UPDATE t SET n = {i}");
            Volatile.Write(ref committed, i);
        }

        stop = true;
        await Task.WhenAll(readers);
        var before = loads;
        (await Read()).ShouldBe(200);
        (await Read()).ShouldBe(200);
        (loads - before).ShouldBeLessThanOrEqualTo(1);
    }

    [Fact]
    public async Task OtherTablesWrite_KeepsTheResult_AndParametersAreToldApart()
    {
        await using var test = new TemporaryDatabase();
        await using var cache = new FettleCache();
        var queries = new QueryCache<int>(test.Database, cache);
        await test.RunAsync("CREATE TABLE t(n INTEGER)", "CREATE TABLE u(n INTEGER)");
        var loads = 0;
        ValueTask<int> Read(object? value) => queries.GetAsync("SELECT n FROM t WHERE n = @n", [new("n", value)], (_, _) => ValueTask.FromResult(++loads));
        (await Read(1)).ShouldBe(1);
        await test.RunAsync("INSERT INTO u VALUES (1)");
        (await Read(1)).ShouldBe(1);
        (await Read("1")).ShouldBe(2);
        (await Read(null)).ShouldBe(3);
        await test.RunAsync("INSERT INTO t VALUES (1)");
        (await Read(1)).ShouldBe(4);
    }

    [Theory]
    [InlineData("DELETE FROM t")]
    [InlineData("SELECT * FROM t WHERE d > date('now')")]
    [InlineData("SELECT random()")]
    public async Task WritingAndVolatileStatements_AreRefused(string sql)
    {
        await using var test = new TemporaryDatabase();
        await using var cache = new FettleCache();
        var queries = new QueryCache<int>(test.Database, cache);
        await Should.ThrowAsync<ArgumentException>(async () => await queries.GetAsync(sql, [], (_, _) => ValueTask.FromResult(1)));
    }
}
