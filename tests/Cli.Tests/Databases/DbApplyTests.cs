using Fettle.Cli.Tests.Loads;
using Fettle.Databases;
using Fettle.Shared.Verbs;
using Fettle.Testing;
using Fettle.Tuning;
using Microsoft.Data.Sqlite;

namespace Fettle.Cli.Tests.Databases;

[Collection("postgres")]
[Trait("Category", "Slow")]
public sealed class DbApplyTests(DbServer server)
{
    [Fact]
    public async Task Sqlite_AppliesProvesAcceptsAndTakesBack()
    {
        await using var sample = await DbSample.SqliteAsync();
        await WholeDayAsync(sample);
    }

    [RequiresPostgresFact("hypopg")]
    public async Task Postgres_AppliesProvesAcceptsAndTakesBack()
    {
        await using var sample = await DbSample.PostgresAsync(server.Server!, server.NextName());
        await WholeDayAsync(sample);
    }

    [Fact]
    public async Task Layout_NeedsABackup_AndComesBackWithEveryRow()
    {
        await using var sample = await DbSample.SqliteAsync();
        var refused = await CliRun.InProcessAsync(sample.Apply("--layouts", "--only", "layout"));
        refused.Error.ShouldContain("--backup", customMessage: refused.Output);
        var before = await sample.ColumnAsync("SELECT count(*) || ',' || sum(v) || ',' || sum(day) FROM events");
        var run = await CliRun.InProcessAsync(sample.Apply("--layouts", "--only", "layout", "--backup", sample.File("copy.db")));
        run.Code.ShouldBe(ExitCode.Ok, run.Error + run.Output);
        (await sample.ColumnAsync("SELECT sql FROM sqlite_master WHERE name = 'events'"))[0].ShouldContain("WITHOUT ROWID");
        (await sample.ColumnAsync("SELECT count(*) || ',' || sum(v) || ',' || sum(day) FROM events")).ShouldBe(before);
        (await CliRun.InProcessAsync("db", "undo", "--state", sample.State)).Code.ShouldBe(ExitCode.Ok);
        (await sample.ColumnAsync("SELECT sql FROM sqlite_master WHERE name = 'events'"))[0].ShouldNotContain("WITHOUT ROWID");
        (await sample.ColumnAsync("SELECT count(*) || ',' || sum(v) || ',' || sum(day) FROM events")).ShouldBe(before);
    }

    [Fact]
    public async Task UselessAction_IsTakenBack()
    {
        await using var sample = await DbSample.SqliteAsync();
        var workload = WorkloadReader.FromSql(DbSample.Workload, DatabaseEngine.Sqlite);
        var useless = Action("index.events.note", "fettle_note", "CREATE INDEX IF NOT EXISTS fettle_note ON events(note)");
        var report = await DatabaseApply.RunAsync(DatabaseAddress.Parse(sample.Address), [useless], workload, new DatabaseApplyOptions { StateFolder = sample.State });
        var outcome = report.Actions.ShouldHaveSingleItem();
        (outcome.Kept, outcome.Reason).ShouldBe((false, "no plan of the workload changed"));
        (await sample.IndexesAsync()).ShouldBeEmpty();
        Fettle.Tuning.Journal.Rollback.Applied(sample.State, DatabaseAddress.Parse(sample.Address)).ShouldBeEmpty();
    }

    [Fact]
    public async Task ChangedAnswer_IsTakenBack()
    {
        await using var sample = await DbSample.SqliteAsync();
        var workload = WorkloadReader.FromSql(DbSample.Workload, DatabaseEngine.Sqlite);
        var wrong = new DatabaseAction { Id = "layout.people.wrong", Title = "wrong", Why = "a test", Do = ["UPDATE people SET name = 'n77' WHERE id = 3"], Undo = ["UPDATE people SET name = 'n2' WHERE id = 3"] };
        var report = await DatabaseApply.RunAsync(DatabaseAddress.Parse(sample.Address), [wrong], workload, new DatabaseApplyOptions { StateFolder = sample.State });
        report.Actions.ShouldHaveSingleItem().Reason.ShouldStartWith("an answer changed");
        (await sample.ColumnAsync("SELECT name FROM people WHERE id = 3"))[0].ShouldBe("n2");
    }

    [Fact]
    public async Task IndexUnderWrites_IsStillKept()
    {
        await using var sample = await DbSample.SqliteAsync();
        var workload = WorkloadReader.FromSql(DbSample.Workload, DatabaseEngine.Sqlite);
        var action = Action("index.people.name", "fettle_name", "CREATE INDEX IF NOT EXISTS fettle_name ON people(name)");
        var progress = new Reaction(p => p.Detail.StartsWith("CREATE"), () => DbSample.RunOnAsync(sample.Address, "INSERT INTO people(name) VALUES ('n77')"));
        var report = await DatabaseApply.RunAsync(DatabaseAddress.Parse(sample.Address), [action], workload, new DatabaseApplyOptions { StateFolder = sample.State }, progress);
        progress.Done.ShouldBeTrue();
        report.Actions.ShouldHaveSingleItem().Kept.ShouldBeTrue(report.Actions[0].Reason);
    }

    [Fact]
    public async Task LockedDatabase_IsOneClearErrorAndNothingIsLeft()
    {
        await using var sample = await DbSample.SqliteAsync();
        await using var other = new SqliteConnection($"Data Source={sample.File("data.db")};Pooling=False");
        await other.OpenAsync();
        await using (var held = other.BeginTransaction())
        {
            var run = await CliRun.InProcessAsync(sample.Apply());
            run.Code.ShouldBe(ExitCode.Error);
            run.Error.ShouldContain("locked");
            await held.RollbackAsync();
        }

        (await sample.IndexesAsync()).ShouldBeEmpty();
        (await CliRun.InProcessAsync(sample.Apply())).Code.ShouldBe(ExitCode.Ok);
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task ReadOnlyFile_IsRefusedBeforeAnythingRuns()
    {
        await using var sample = await DbSample.SqliteAsync();
        await sample.RunAsync("PRAGMA journal_mode=DELETE");
        if (Environment.IsPrivilegedProcess)
        {
            // Modes do not bind root: an immutable mount would be needed; the same error then comes from the engine.
            var useless = Action("index.x", "fettle_x", "PRAGMA query_only=ON; CREATE INDEX fettle_x ON people(name)");
            var error = await Should.ThrowAsync<TuningException>(() => DatabaseApply.RunAsync(DatabaseAddress.Parse(sample.Address), [useless], WorkloadReader.FromSql(DbSample.Workload, DatabaseEngine.Sqlite), new DatabaseApplyOptions { StateFolder = sample.State }));
            error.Message.ShouldContain("readonly");
            (await sample.IndexesAsync()).ShouldBeEmpty();
            return;
        }

        File.SetUnixFileMode(sample.File("data.db"), UnixFileMode.UserRead);
        (await CliRun.InProcessAsync(sample.Apply())).Error.ShouldContain("read-only");
    }

    [Fact]
    public async Task IndexBudget_IsAReasonToRefuse()
    {
        await using var sample = await DbSample.SqliteAsync();
        await sample.RunAsync("CREATE INDEX fettle_old ON events(note)");
        var dry = await CliRun.InProcessAsync(sample.Apply("--dry-run", "--most", "1"));
        dry.Output.ShouldContain("stands against it: 2 indexes of Fettle's making would exist, 1 are allowed");
        (await CliRun.InProcessAsync(sample.Apply("--most", "1"))).Error.ShouldContain("1 are allowed");
        (await CliRun.InProcessAsync(sample.Apply("--most", "9999"))).Code.ShouldBe(ExitCode.Usage);
    }

    [RequiresToolFact("mount")]
    public async Task FullDisk_IsAClearError_TheDatabaseIsWhole_AndNothingIsLeft()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return; // mounting needs root
        }

        var disk = Directory.CreateTempSubdirectory("fettle-full-").FullName;
        await ExecuteAsync("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk);
        try
        {
            await using var sample = await DbSample.SqliteAsync(60_000, Path.Combine(disk, "data.db"));
            await sample.RunAsync("PRAGMA wal_checkpoint(TRUNCATE)");
            // Checked before: the advised size does not fit three times over.
            var refused = await CliRun.InProcessAsync(sample.Apply());
            // What the check cannot foresee: others fill the disk meanwhile.
            await File.WriteAllBytesAsync(Path.Combine(disk, "others"), new byte[Math.Max(0, new DriveInfo(disk).AvailableFreeSpace - 700_000)]);
            var action = Action("index.events.all", "fettle_all", "CREATE INDEX IF NOT EXISTS fettle_all ON events(note, code, day, v)");
            var error = await Should.ThrowAsync<TuningException>(() => DatabaseApply.RunAsync(DatabaseAddress.Parse(sample.Address), [action], WorkloadReader.FromSql(DbSample.Workload, DatabaseEngine.Sqlite), new DatabaseApplyOptions { StateFolder = sample.State }));
            error.Message.ShouldContain("full");
            File.Delete(Path.Combine(disk, "others"));
            (await sample.IndexesAsync()).ShouldNotContain("fettle_all");
            (await sample.ColumnAsync("PRAGMA integrity_check")).ShouldBe(["ok"]);
            (await sample.ColumnAsync("SELECT count(*) FROM events")).ShouldBe(["60000"]);
            refused.Code.ShouldBeOneOf(ExitCode.Ok, ExitCode.Error);
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            await ExecuteAsync("umount", disk);
            Directory.Delete(disk);
        }
    }

    [RequiresPostgresFact]
    public async Task FullDiskOfTheServer_IsOneClearLine_AndNothingIsLeft()
    {
        if (!Environment.IsPrivilegedProcess || Programs.Find("mount") is null)
        {
            return; // mounting needs root
        }

        await using var sample = await DbSample.PostgresAsync(server.Server!, server.NextName(), 40_000);
        var disk = Directory.CreateTempSubdirectory("fettle-full-pg-").FullName;
        await ExecuteAsync("mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", disk);
        var space = $"small_{Path.GetFileName(disk).Replace('-', '_').ToLowerInvariant()}";
        try
        {
            await ExecuteAsync("chown", "postgres:postgres", disk);
            await sample.RunAsync($"CREATE TABLESPACE {space} LOCATION '{disk}'");
            var action = Action("index.events.all", "fettle_all", $"CREATE INDEX CONCURRENTLY IF NOT EXISTS fettle_all ON events(note, code, day, v) TABLESPACE {space}", "DROP INDEX CONCURRENTLY IF EXISTS fettle_all");
            var error = await Should.ThrowAsync<TuningException>(() => DatabaseApply.RunAsync(DatabaseAddress.Parse(sample.Address), [action], [], new DatabaseApplyOptions { StateFolder = sample.State }));
            error.Message.ShouldStartWith("index.events.all failed and was taken back: the server's disk is full (");
            error.Message.ShouldContain("No space left on device");
            error.Message.ShouldEndWith("free some space there and apply again");
            error.Message.ShouldNotContain("\n");
            (await sample.IndexesAsync()).ShouldBeEmpty();
            (await sample.ColumnAsync("SELECT count(*) FROM events")).ShouldBe(["40000"]);
            Fettle.Tuning.Journal.Rollback.Applied(sample.State, DatabaseAddress.Parse(sample.Address)).ShouldBeEmpty();
        }
        finally
        {
            await sample.RunAsync($"DROP TABLESPACE IF EXISTS {space}");
            await ExecuteAsync("umount", disk);
            Directory.Delete(disk);
        }
    }

    [Fact]
    public async Task FailureWithinAWholeText_RollsItBack()
    {
        await using var sample = await DbSample.SqliteAsync(2_000);
        var action = Action("layout.events.broken", "events", "BEGIN IMMEDIATE; CREATE TABLE half(x); INSERT INTO nothing VALUES (1); COMMIT", "DROP TABLE IF EXISTS half");
        var error = await Should.ThrowAsync<TuningException>(() => DatabaseApply.RunAsync(DatabaseAddress.Parse(sample.Address), [action], [], new DatabaseApplyOptions { StateFolder = sample.State }));
        error.Message.ShouldContain("failed and was taken back");
        (await sample.ColumnAsync("SELECT count(*) FROM sqlite_master WHERE name = 'half'")).ShouldBe(["0"]);
    }

    [Fact]
    public async Task Sqlite_KeepsAJoin_OnlyWhenAsked_AndSaysWhatToSend()
    {
        await using var sample = await DbSample.SqliteAsync();
        static string Numbers(int n) => $"(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {n}) SELECT n FROM c)";
        await sample.RunAsync(
            "CREATE TABLE visitors(id INTEGER PRIMARY KEY, name TEXT)", "CREATE TABLE goods(id INTEGER PRIMARY KEY, kind TEXT, weight INT)", "CREATE TABLE orders(id INTEGER PRIMARY KEY, visitor INT, goods INT, day INT, amount INT)",
            $"INSERT INTO visitors(name) SELECT 'name ' || s.n FROM {Numbers(400)} s", $"INSERT INTO goods(kind, weight) SELECT 'kind ' || (s.n % 6), s.n % 4 FROM {Numbers(60)} s",
            $"INSERT INTO orders(visitor, goods, day, amount) SELECT s.n * 7 % 400, s.n * 11 % 60, s.n % 30, s.n FROM {Numbers(6_000)} s", "ANALYZE");
        await KeptJoinAsync(
            sample, "SELECT p.name, o.day, sum(o.amount) AS total FROM visitors p JOIN orders o ON o.visitor = p.id JOIN goods AS g ON g.id = o.goods AND g.weight > 1 WHERE g.kind = 'kind 3' AND o.day >= 10 GROUP BY p.name, o.day",
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name LIKE 'fettle_join%'");
    }

    [RequiresPostgresFact("hypopg")]
    public async Task Postgres_KeepsAJoin_OnlyWhenAsked_AndSaysWhatToSend()
    {
        await using var sample = await DbSample.PostgresAsync(server.Server!, server.NextName());
        await sample.RunAsync(
            "CREATE TABLE visitors(id int PRIMARY KEY, name text, site int)", "INSERT INTO visitors SELECT n, 'name ' || n, n % 20 FROM generate_series(1, 400) n",
            "CREATE TABLE visits(id int PRIMARY KEY, visitor int, kind int, a int, b int, c int, d int, e int, f int, g int, h int)",
            "INSERT INTO visits SELECT n, n * 7 % 400, n / 400 % 50, n, n, n, n, n, n, n, n FROM generate_series(1, 40000) n", "ANALYZE");
        await KeptJoinAsync(
            sample, "SELECT p.name, o.a, o.b, o.c, o.d, o.e, o.f, o.g, o.h FROM visitors p JOIN visits o ON o.visitor = p.id WHERE p.site = 1 AND o.kind = 3",
            "SELECT count(*) FROM pg_matviews WHERE matviewname LIKE 'fettle_join%'");
    }

    [RequiresPostgresFact]
    public async Task SecondTuner_IsRefused_WhileTheFirstHoldsTheLock()
    {
        await using var sample = await DbSample.PostgresAsync(server.Server!, server.NextName(), 2_000);
        await using var database = Database.Open(DatabaseAddress.Parse(sample.Address), new DatabaseOptions { DataVersions = false });
        await using (await ApplySession.OpenAsync(database, TimeSpan.FromMinutes(1), TimeSpan.Zero))
        {
            var error = await Should.ThrowAsync<TuningException>(() => DatabaseApply.RunAsync(DatabaseAddress.Parse(sample.Address), [], [], new DatabaseApplyOptions { StateFolder = sample.State, Patience = TimeSpan.FromMilliseconds(50) }));
            error.Message.ShouldContain("another tuner");
        }

        (await DatabaseApply.RunAsync(DatabaseAddress.Parse(sample.Address), [], [], new DatabaseApplyOptions { StateFolder = sample.State })).Actions.ShouldBeEmpty();
    }

    [RequiresPostgresFact]
    public async Task LockThatIsNotFreed_EndsTheWaitAndLeavesNoInvalidIndex()
    {
        await using var sample = await DbSample.PostgresAsync(server.Server!, server.NextName(), 2_000);
        await using var other = new Npgsql.NpgsqlConnection(DatabaseAddress.Parse(sample.Address).Value);
        await other.OpenAsync();
        await using var held = await other.BeginTransactionAsync();
        await using (var lockIt = new Npgsql.NpgsqlCommand("LOCK TABLE people IN ROW EXCLUSIVE MODE", other, held))
        {
            await lockIt.ExecuteNonQueryAsync();
        }

        var action = Action("index.people.name", "fettle_name", "CREATE INDEX CONCURRENTLY IF NOT EXISTS fettle_name ON people(name)", "DROP INDEX CONCURRENTLY IF EXISTS fettle_name");
        // The drop waits for the same lock, so the holder lets go when the undo begins.
        var progress = new Reaction(p => p.Detail == "taking back", () => held.RollbackAsync());
        var error = await Should.ThrowAsync<TuningException>(() => DatabaseApply.RunAsync(DatabaseAddress.Parse(sample.Address), [action], [], new DatabaseApplyOptions { StateFolder = sample.State }, progress));
        error.Message.ShouldContain("lock timeout");
        (await sample.IndexesAsync()).ShouldBeEmpty();
    }

    [RequiresPostgresFact]
    public async Task BlockingTime_IsMeasured()
    {
        await using var sample = await DbSample.PostgresAsync(server.Server!, server.NextName(), 2_000);
        await using var database = Database.Open(DatabaseAddress.Parse(sample.Address), new DatabaseOptions { DataVersions = false });
        await using var session = await ApplySession.OpenAsync(database, TimeSpan.FromMinutes(1), TimeSpan.Zero);
        var applied = session.ExecuteAsync("BEGIN; LOCK TABLE people; SELECT pg_sleep(0.6); COMMIT");
        await Eventually.IsTrueAsync(() => sample.ColumnAsync("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'people'::regclass").Result[0] == "1", "the lock is held");
        (await sample.ColumnAsync("SELECT count(*) FROM people"))[0].ShouldBe("500");
        (await applied).BlockedMilliseconds.ShouldBeInRange(20, 60_000);
    }

    [RequiresPostgresFact]
    public async Task LostConnection_IsTakenBackOnAnother()
    {
        await using var sample = await DbSample.PostgresAsync(server.Server!, server.NextName(), 2_000);
        await using var other = new Npgsql.NpgsqlConnection(DatabaseAddress.Parse(sample.Address).Value);
        await other.OpenAsync();
        await using var held = await other.BeginTransactionAsync();
        await using (var lockIt = new Npgsql.NpgsqlCommand("LOCK TABLE people IN ROW EXCLUSIVE MODE", other, held))
        {
            await lockIt.ExecuteNonQueryAsync();
        }

        var action = Action("index.people.name", "fettle_name", "CREATE INDEX CONCURRENTLY IF NOT EXISTS fettle_name ON people(name)", "DROP INDEX CONCURRENTLY IF EXISTS fettle_name");
        var progress = new Reaction(p => p.Detail == "taking back", () => held.RollbackAsync());
        var applying = DatabaseApply.RunAsync(DatabaseAddress.Parse(sample.Address), [action], [], new DatabaseApplyOptions { StateFolder = sample.State }, progress);
        await Eventually.IsTrueAsync(() => sample.ColumnAsync("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONC%' AND wait_event_type = 'Lock'").Result[0] != "0", "the build was under way");
        (await Should.ThrowAsync<TuningException>(() => applying)).Message.ShouldContain("failed and was taken back");
        (await sample.IndexesAsync()).ShouldBeEmpty();
    }

    [RequiresPostgresFact]
    public async Task OldTransaction_AndForeignInvalidIndex_AreReasonsToRefuse_OwnLeftoversAreDropped()
    {
        await using var sample = await DbSample.PostgresAsync(server.Server!, server.NextName(), 2_000);
        await sample.RunAsync("CREATE INDEX theirs ON people(city)", "CREATE INDEX fettle_left ON people(city)", "UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('theirs'::regclass, 'fettle_left'::regclass)");
        var error = await Should.ThrowAsync<TuningException>(() => DatabaseApply.RunAsync(DatabaseAddress.Parse(sample.Address), [], [], new DatabaseApplyOptions { StateFolder = sample.State }));
        error.Message.ShouldContain("index theirs is left invalid");
        (await sample.IndexesAsync()).ShouldBeEmpty();
        (await sample.ColumnAsync("SELECT count(*) FROM pg_class WHERE relname = 'theirs'"))[0].ShouldBe("1");
    }

    static async Task KeptJoinAsync(DbSample sample, string query, string count)
    {
        await File.WriteAllTextAsync(sample.WorkloadFile, query);
        var dry = await CliRun.InProcessAsync(sample.Apply("--dry-run"));
        dry.Output.ShouldContain("-- not applied: Keep the join of visitors");
        dry.Output.ShouldContain("FROM fettle_join_visitors_");
        (await CliRun.InProcessAsync(sample.Apply("--dry-run", "--joins"))).Output.ShouldContain("-- join.fettle_join_visitors_");
        var run = await CliRun.InProcessAsync(sample.Apply("--joins", "--only", "join."));
        run.Code.ShouldBe(ExitCode.Ok, run.Error + run.Output);
        run.Output.ShouldContain("serves only what the service now sends:");
        (await sample.ColumnAsync(count)).ShouldBe(["1"]);
        (await CliRun.InProcessAsync("db", "undo", "--state", sample.State, "--database", sample.Address)).Code.ShouldBe(ExitCode.Ok);
        (await sample.ColumnAsync(count)).ShouldBe(["0"]);
    }

    async Task WholeDayAsync(DbSample sample)
    {
        var dry = await CliRun.InProcessAsync(sample.Apply("--dry-run"));
        dry.Code.ShouldBe(ExitCode.Ok, dry.Error);
        dry.Output.ShouldContain("CREATE INDEX");
        (await sample.IndexesAsync()).ShouldBeEmpty();

        var run = await CliRun.InProcessAsync(sample.Apply("--accept", sample.File("advice.json"), "--json", sample.File("a.json")));
        run.Code.ShouldBe(ExitCode.Ok, run.Error + run.Output);
        run.Output.ShouldContain("kept");
        var indexes = await sample.IndexesAsync();
        indexes.Count.ShouldBe(2);
        await using (var database = Database.Open(DatabaseAddress.Parse(sample.Address), new DatabaseOptions { DataVersions = false }))
        {
            var plan = await PlanExplainer.ExplainAsync(database, "SELECT v FROM events WHERE code = 'c7' AND day > 10 ORDER BY day");
            plan.Indexes.ShouldContain(i => indexes.Contains(i));
        }

        (await CliRun.InProcessAsync(sample.Apply())).Code.ShouldBe(ExitCode.NoneKept);
        var undo = await CliRun.InProcessAsync("db", "undo", "--state", sample.State, "--database", sample.Address);
        undo.Code.ShouldBe(ExitCode.Ok, undo.Error + undo.Output);
        undo.Output.ShouldContain("schema  equal to the one before the run");
        (await sample.IndexesAsync()).ShouldBeEmpty();

        // A service that starts with the accepted file makes them again, once.
        await using var service = Database.Open(DatabaseAddress.Parse(sample.Address));
        var advice = AcceptedAdvice.Read(sample.File("advice.json"));
        (await DatabaseEnsure.RunAsync(service, advice, TimeSpan.FromSeconds(5))).Select(o => o.Outcome).ShouldBe(["applied", "applied"]);
        (await sample.IndexesAsync()).ShouldBe(indexes);
        (await DatabaseEnsure.RunAsync(service, advice, TimeSpan.FromSeconds(5))).Select(o => o.Outcome).ShouldBe(["present", "present"]);
        var broken = advice with { Actions = [new AcceptedAction { Id = "x", Object = "fettle_x", Do = ["CREATE INDEX fettle_x ON nowhere(x)"], Undo = ["DROP INDEX IF EXISTS fettle_x"] }] };
        (await DatabaseEnsure.RunAsync(service, broken, TimeSpan.FromSeconds(5))).ShouldHaveSingleItem().Outcome.ShouldBe("failed");
    }

    static DatabaseAction Action(string id, string name, string sql, string? undo = null) => new() { Id = id, Title = id, Why = "a test", Do = [sql], Undo = [undo ?? $"DROP INDEX IF EXISTS {name}"], Evidence = new DatabaseEvidence { Object = name } };

    static async Task ExecuteAsync(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0);
    }

    sealed class Reaction(Func<TuningProgress, bool> when, Func<Task> what) : IProgress<TuningProgress>
    {
        public bool Done { get; private set; }

        public void Report(TuningProgress value)
        {
            if (!Done && when(value))
            {
                Done = true;
                what().GetAwaiter().GetResult();
            }
        }
    }
}
