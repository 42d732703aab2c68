namespace Fettle.Databases.Tests.Recording;

public class QueryRecorderTests
{
    [Fact]
    public async Task Calls_AreCountedByShape_WithRowsTablesAndCallers()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY, n INT)", "INSERT INTO t(n) VALUES (1),(2),(3)");
        test.Database.Recorder.Clear();
        using (QueryRecorder.BeginEndpoint("GET /things"))
        {
            for (var i = 1L; i <= 3; i++)
            {
                await test.Database.QueryAsync("select n from t -- by id\n where id = @id", ("@id", i));
            }
        }

        var query = test.Database.Recorder.Snapshot().ShouldHaveSingleItem();
        query.Sql.ShouldBe("SELECT n FROM t WHERE id = @id");
        query.Calls.ShouldBe(3);
        query.Rows.ShouldBe(3);
        query.Tables.ShouldBe(["t"]);
        query.HistogramCounts.Sum().ShouldBe(3);
        query.Endpoints.ShouldHaveSingleItem().ShouldBe(new RecordedEndpoint("GET /things", 3, 1, 3));
        query.Samples.Select(s => s["id"].GetInt64()).ShouldBe([1, 2, 3]);
        query.P50Ms.ShouldBeLessThanOrEqualTo(query.MaxMs);
    }

    [Fact]
    public async Task Document_SurvivesARoundTrip()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY, n INT)");
        await test.Database.QueryAsync("SELECT n FROM t WHERE id = @id AND n > 5", ("@id", 1));
        var document = new RecordedQueryDocument { Queries = test.Database.Recorder.Snapshot() };
        var again = RecordedQueryDocument.Parse(document.ToJson());
        again.ToJson().ShouldBe(document.ToJson());
        again.Queries.ShouldContain(q => q.Sql == "SELECT n FROM t WHERE id = @id AND n > ?");
        Should.Throw<FormatException>(() => RecordedQueryDocument.Parse("""{"schema":"fettle.queries/9"}""")).Message.ShouldContain("fettle.queries/1");
    }

    [Fact]
    public async Task Disabled_RecordsNothing()
    {
        await using var test = new TemporaryDatabase(new DatabaseOptions { Recording = false });
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY)");
        await test.Database.QueryAsync("SELECT * FROM t");
        test.Database.Recorder.Snapshot().ShouldBeEmpty();
    }

    [Fact]
    public async Task SlowCalls_AreLogged_WithRedactedParameters()
    {
        await using var test = new TemporaryDatabase(new DatabaseOptions { SlowThreshold = TimeSpan.Zero });
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY)");
        test.Database.Recorder.Clear();
        await test.Database.QueryAsync("SELECT * FROM t WHERE id = @id", ("@id", 42));
        test.Database.Recorder.Slow.Snapshot().ShouldHaveSingleItem().Parameters["@id"].ShouldBe("(redacted)");
        test.Database.Recorder.Slow.KeepParameters = true;
        await test.Database.QueryAsync("SELECT * FROM t WHERE id = @id", ("@id", 42));
        test.Database.Recorder.Slow.Snapshot()[^1].Parameters["@id"].ShouldBe("42");
    }
}
