using System.Net;
using System.Text.Json.Nodes;
using Fettle.Cli.Tests.Loads;
using Fettle.Databases;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Tests.Databases;

public sealed class DbVerbsTests
{
    [Fact]
    public async Task Advise_ProposesWithStatementsAndWritesTheDocument()
    {
        await using var sample = await DbSample.SqliteAsync();
        var run = await RunAsync(sample, "advise", "--workload", sample.WorkloadFile, "--sql", "--budget", "50", "--most", "5", "--json", sample.File("a.json"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Output.ShouldContain("CREATE INDEX IF NOT EXISTS");
        run.Output.ShouldContain("-- undo: DROP INDEX IF EXISTS");
        run.Output.ShouldContain("of the workload's cost, upkeep counted");
        var tables = Document(sample, "a.json")["tables"]!.AsArray();
        tables.Select(t => (string)t!["title"]!).ShouldContain(t => t.StartsWith("Indexes ("));
        tables[0]!["rows"]!.AsArray().Count.ShouldBe(2);
    }

    [Fact]
    public async Task Slow_ListsByTotalTime_FromAServicesRecord()
    {
        await using var sample = await DbSample.SqliteAsync(2_000);
        var recorded = new RecordedQueryDocument
        {
            Queries = [new RecordedQuery { Sql = "SELECT v FROM events WHERE code = ?", Calls = 10, TotalMs = 5000, MeanMs = 500, P95Ms = 700, Rows = 100 }, new RecordedQuery { Sql = "SELECT 1 FROM people", Calls = 1, TotalMs = 3, MeanMs = 3 }],
        }.ToJson();
        await File.WriteAllTextAsync(sample.File("q.json"), recorded);
        var run = await RunAsync(sample, "slow", "--workload", sample.File("q.json"), "--threshold", "50", "--json", sample.File("s.json"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        var table = Document(sample, "s.json")["tables"]![0]!;
        ((string)table["title"]!).ShouldBe("1 of 2 statements reach 50 ms");
        table["rows"]![0]!.AsArray().Select(c => (string)c!).ShouldBe(["SELECT v FROM events WHERE code = ?", "10", "500", "700", "5", "10", ""]);
    }

    [Fact]
    public async Task Workload_IsFetchedFromARunningService()
    {
        await using var sample = await DbSample.SqliteAsync(5_000);
        using var listener = new HttpListener();
        var port = FreePort();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        var document = new RecordedQueryDocument { Queries = [new RecordedQuery { Sql = "SELECT id FROM people WHERE name = 'n1'", Example = "SELECT id FROM people WHERE name = 'n1'", Calls = 100, TotalMs = 100 }] }.ToJson();
        var served = Task.Run(async () =>
        {
            for (var i = 0; i < 2; i++)
            {
                var context = await listener.GetContextAsync();
                context.Request.Url!.AbsolutePath.ShouldBe("/fettle/queries");
                context.Response.StatusCode = i == 0 ? 200 : 401;
                await using var writer = new StreamWriter(context.Response.OutputStream);
                await writer.WriteAsync(i == 0 ? document : "");
            }
        });
        var run = await RunAsync(sample, "advise", "--service", $"http://127.0.0.1:{port}/", "--json", sample.File("a.json"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        ((string)Document(sample, "a.json")["tables"]![0]!["rows"]![0]![0]!).ShouldContain("people(name");
        var refused = await RunAsync(sample, "advise", "--service", $"http://127.0.0.1:{port}");
        (refused.Code, refused.Error.Contains("answered 401")).ShouldBe((ExitCode.Error, true));
        await served;
        listener.Stop();
        (await RunAsync(sample, "advise", "--service", $"http://127.0.0.1:{port}")).Error.ShouldContain("cannot be reached");
    }

    [Fact]
    public async Task Plan_IsATree_AndErrorsAreOneLine()
    {
        await using var sample = await DbSample.SqliteAsync(2_000);
        var run = await RunAsync(sample, "plan", "SELECT v FROM events WHERE code = @c ORDER BY day", "--json", sample.File("p.json"));
        run.Output.ShouldContain("└");
        run.Output.ShouldContain("events");
        Document(sample, "p.json")["data"]!["plan"]!["nodes"]!.AsArray().Count.ShouldBeGreaterThan(0);
        var wrong = await RunAsync(sample, "plan", "SELECT nothing FROM nowhere");
        wrong.Code.ShouldBe(ExitCode.Error);
        wrong.Error.Trim().ShouldNotContain('\n');
        wrong.Error.ShouldContain("cannot be explained");
    }

    [Fact]
    public async Task IndexesTablesPoolAndHealth_DescribeTheFile()
    {
        await using var sample = await DbSample.SqliteAsync();
        await sample.RunAsync("CREATE INDEX short ON events(code)", "CREATE INDEX long ON events(code, day)", "ANALYZE");
        (await RunAsync(sample, "indexes", "--json", sample.File("i.json"))).Code.ShouldBe(ExitCode.Ok);
        Document(sample, "i.json")["tables"]![1]!["rows"]!.AsArray().ShouldContain(r => ((string)r![0]!).Contains("redundant index short"));
        (await RunAsync(sample, "tables", "--json", sample.File("t.json"))).Code.ShouldBe(ExitCode.Ok);
        Document(sample, "t.json")["tables"]![0]!["rows"]!.AsArray().ShouldContain(r => (string)r![0]! == "events" && (string)r[1]! == "20000");
        var pool = await RunAsync(sample, "pool", "--seconds", "0.1", "--sql", "SELECT 1", "--json", sample.File("p.json"));
        pool.Output.ShouldContain("Use ");
        Document(sample, "p.json")["tables"]![0]!["rows"]!.AsArray().Count.ShouldBe(6);
        (await RunAsync(sample, "health", "--json", sample.File("h.json"))).Output.ShouldContain("Without a workload");
        var grades = Document(sample, "h.json")["tables"]![0]!["rows"]!.AsArray().ToDictionary(r => (string)r![0]!, r => (string)r![1]!);
        grades.Keys.ShouldBe(["index hygiene", "statistics", "space", "settings"], ignoreOrder: true);
        grades["index hygiene"].ShouldBe("B");
        var report = await RunAsync(sample, "report", "--workload", sample.WorkloadFile, "--json", sample.File("r.json"));
        report.Code.ShouldBe(ExitCode.Ok, report.Error);
        Document(sample, "r.json")["tables"]![0]!["rows"]!.AsArray().ShouldContain(r => (string)r![0]! == "integrity" && (string)r[1]! == "A");
    }

    [Fact]
    public async Task Bench_MeasuresEveryReadingStatement()
    {
        await using var sample = await DbSample.SqliteAsync(5_000);
        await File.AppendAllTextAsync(sample.WorkloadFile, "; DELETE FROM events WHERE id = 3");
        var run = await RunAsync(sample, "bench", "--workload", sample.WorkloadFile, "--repeats", "3", "--json", sample.File("b.json"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Output.ShouldContain("Left out");
        var rows = Document(sample, "b.json")["tables"]![0]!["rows"]!.AsArray();
        rows.Count.ShouldBe(3);
        rows.ShouldAllBe(r => double.Parse((string)r![3]!, System.Globalization.CultureInfo.InvariantCulture) > 0);
        (await sample.ColumnAsync("SELECT count(*) FROM events"))[0].ShouldBe("5000");
        (await RunAsync(sample, "bench", "--workload", sample.WorkloadFile, "--repeats", "0")).Code.ShouldBe(ExitCode.Usage);
    }

    [Fact]
    public async Task Maintain_MeasuresBacksUpAndReclaims()
    {
        await using var sample = await DbSample.SqliteAsync();
        await sample.RunAsync("CREATE INDEX i ON events(code)", "DELETE FROM people", "DELETE FROM events WHERE id > 3000");
        var size = new FileInfo(sample.File("data.db")).Length;
        (await RunAsync(sample, "maintain", "--dry-run", "--integrity", "--json", sample.File("m.json"))).Code.ShouldBe(ExitCode.Ok);
        Document(sample, "m.json")["tables"]!.AsArray().Count.ShouldBe(1);
        new FileInfo(sample.File("data.db")).Length.ShouldBe(size);
        var run = await RunAsync(sample, "maintain", "--backup", sample.File("copy.db"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Error.ShouldContain("backed up");
        new FileInfo(sample.File("data.db")).Length.ShouldBeLessThan(size / 2);
        (await RunAsync(sample, "maintain", "--backup", sample.File("copy.db"))).Error.ShouldContain("exists");
    }

    [Fact]
    public async Task DamagedFile_IsToldAndLeftAlone()
    {
        await using var sample = await DbSample.SqliteAsync();
        await sample.RunAsync("CREATE INDEX i ON events(code)", "PRAGMA wal_checkpoint(TRUNCATE)");
        await using (var file = new FileStream(sample.File("data.db"), FileMode.Open, FileAccess.ReadWrite))
        {
            file.Position = file.Length - 60 * 4096;
            file.Write(new byte[4096]);
        }

        var run = await RunAsync(sample, "maintain", "--integrity");
        run.Code.ShouldBe(ExitCode.Error);
        run.Error.ShouldContain("nothing was changed");
    }

    [Theory]
    [InlineData("mysql:x", "starts with 'sqlite:' or 'postgres:'", ExitCode.Usage)]
    [InlineData("sqlite:/no/such/file.db", "does not exist", ExitCode.Error)]
    public async Task WrongDatabase_IsOneLineWithTheFix(string address, string message, int code)
    {
        var run = await CliRun.InProcessAsync("db", "health", "--database", address);
        run.Code.ShouldBe(code);
        run.Error.ShouldContain(message);
        run.Error.Trim().ShouldNotContain('\n');
    }

    [Theory]
    [InlineData("SQLite keeps no record", ExitCode.Usage, "advise")]
    [InlineData("no/such.sql", ExitCode.Error, "advise", "--workload", "no/such.sql")]
    [InlineData("MaxIndexes is 0", ExitCode.Usage, "advise", "--most", "0")]
    [InlineData("--seconds is 0", ExitCode.Usage, "pool", "--seconds", "0")]
    [InlineData("StorageBudget", ExitCode.Usage, "advise", "--budget", "-1")]
    public async Task WrongOption_IsOneLineWithTheRange(string message, int code, params string[] arguments)
    {
        await using var sample = await DbSample.SqliteAsync(1_000);
        var run = arguments.Contains("--most") || arguments.Contains("--budget") ? await RunAsync(sample, [.. arguments, "--workload", sample.WorkloadFile]) : await RunAsync(sample, arguments);
        run.Code.ShouldBe(code, run.Error);
        run.Error.ShouldContain(message);
        run.Error.Trim().ShouldNotContain('\n');
    }

    static Task<CliOutcome> RunAsync(DbSample sample, params string[] arguments) => CliRun.InProcessAsync(["db", arguments[0], "--database", sample.Address, .. arguments[1..]]);

    static JsonNode Document(DbSample sample, string name) => JsonNode.Parse(File.ReadAllText(sample.File(name)))!;

    static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
