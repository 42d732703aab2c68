namespace Fettle.Databases.Tests.Workload;

public class WorkloadTests
{
    [Fact]
    public void SqlFile_FoldsShapes_AndReadsWeights()
    {
        var queries = WorkloadReader.FromSql("""
            -- weight: 500
            SELECT a FROM t WHERE b = 1; -- a comment; with a semicolon
            select a from t where b = 2;
            -- weight: 3
            INSERT INTO t VALUES ('x;y')
            """, DatabaseEngine.Sqlite);
        queries.Select(q => (q.Sql, q.Calls, q.Writes)).ShouldBe([("SELECT a FROM t WHERE b = ?", 501, false), ("INSERT INTO t VALUES (?)", 3, true)]);
        Should.Throw<FormatException>(() => WorkloadReader.FromSql("-- weight: many\nSELECT 1", DatabaseEngine.Sqlite)).Message.ShouldContain("many");
        Should.Throw<FormatException>(() => WorkloadReader.FromSql("-- nothing", DatabaseEngine.Sqlite));
    }

    [Fact]
    public void PostgresLog_YieldsStatementsWithDurations_AcrossLines()
    {
        var queries = WorkloadReader.FromLog(
        [
            "2025-01-01 10:00:00 UTC [7] LOG:  duration: 12.5 ms  statement: SELECT a FROM t",
            "\tWHERE b = 5",
            "2025-01-01 10:00:01 UTC [7] LOG:  checkpoint starting: time",
            "2025-01-01 10:00:02 UTC [7] LOG:  duration: 7.5 ms  execute <unnamed>: SELECT a FROM t WHERE b = $1",
            "2025-01-01 10:00:02 UTC [7] DETAIL:  parameters: $1 = '5'",
            "2025-01-01 10:00:03 UTC [7] LOG:  duration: 2.5 ms  statement: SELECT a FROM t WHERE b = 6",
        ]);
        queries.Select(q => (q.Sql, q.Calls, q.TotalMs)).ShouldBe([("SELECT a FROM t WHERE b = ?", 2, 15.0), ("SELECT a FROM t WHERE b = $1", 1, 7.5)]);
    }

    [Theory]
    [InlineData(DatabaseEngine.Sqlite, "SELECT close FROM p WHERE code = @code AND day > @day", "SELECT close, code FROM p WHERE code IN (@code0, @code1, …) AND day > @day")]
    [InlineData(DatabaseEngine.Postgres, "SELECT * FROM p x WHERE x.code = @code", "SELECT * FROM p x WHERE x.code = ANY(@codes)")]
    [InlineData(DatabaseEngine.Sqlite, "SELECT a FROM p WHERE code = @code LIMIT 1", null)]
    [InlineData(DatabaseEngine.Sqlite, "SELECT a FROM p", null)]
    public void LoopedStatement_GetsABatchedForm(DatabaseEngine engine, string sql, string? batched) => RepeatedQuery.Batch(sql, engine).ShouldBe(batched);

    [Fact]
    public async Task LoopInARequest_IsFoundWithItsEndpoint()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY, n INT)");
        using (QueryRecorder.BeginEndpoint("POST /batch"))
        {
            for (var i = 0; i < 10; i++)
            {
                await test.Database.QueryAsync("SELECT n FROM t WHERE id = @id", ("id", i));
            }
        }

        var loop = RepeatedQuery.Find(test.Database.Recorder.Snapshot(), DatabaseEngine.Sqlite).ShouldHaveSingleItem();
        (loop.Endpoint, loop.CallsPerRequest, loop.MostPerRequest).ShouldBe(("POST /batch", 10, 10));
    }

    [Fact]
    public void PoolAdvice_FollowsLittlesLaw_AndTheMeasuredCurve()
    {
        var advice = PoolAdvice.FromLoad(leasesPerSecond: 100, heldMilliseconds: 20, databaseCores: 4);
        advice.Busy.ShouldBe(2, 0.001);
        advice.Connections.ShouldBe(7);
        PoolAdvice.FromLoad(10_000, 50, 2).Connections.ShouldBe(8);
        PoolAdvice.FromCurve([(1, 4000, 0.25), (2, 6900, 0.3), (64, 5200, 12)]).Connections.ShouldBe(2);
        Should.Throw<ArgumentOutOfRangeException>(() => PoolAdvice.FromLoad(-1, 1, 1));
    }
}
