using Fettle.Cli.Tests.Loads;
using Fettle.Databases;
using Fettle.Shared.Verbs;
using Fettle.Testing;

namespace Fettle.Cli.Tests.Databases;

/// <summary><c>kill -9</c> after each line that applying writes to its journal: the next start takes back what was begun and does the work.</summary>
[Collection("postgres")]
[Trait("Category", "Slow")]
public sealed class DbApplyKillTests(DbServer server)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public async Task Sqlite_KilledAfterAnyLine_NextStartFinishes(int lines)
    {
        await using var sample = await DbSample.SqliteAsync(150_000);
        await KillAndFinishAsync(sample, lines);
        (await sample.ColumnAsync("PRAGMA integrity_check")).ShouldBe(["ok"]);
    }

    [RequiresPostgresTheory("hypopg")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public async Task Postgres_KilledAfterAnyLine_NextStartFinishes(int lines)
    {
        await using var sample = await DbSample.PostgresAsync(server.Server!, server.NextName(), 150_000);
        await KillAndFinishAsync(sample, lines);
    }

    [Fact]
    public async Task Killed_IsTakenBackByUndoAlone()
    {
        await using var sample = await DbSample.SqliteAsync(150_000);
        var schema = await sample.ColumnAsync("SELECT coalesce(sql, name) FROM sqlite_master ORDER BY 1");
        await KillAsync(sample, 2);
        var undo = await CliRun.InProcessAsync("db", "undo", "--state", sample.State, "--database", sample.Address);
        undo.Code.ShouldBe(ExitCode.Ok, undo.Error + undo.Output);
        (await sample.ColumnAsync("SELECT coalesce(sql, name) FROM sqlite_master ORDER BY 1")).ShouldBe(schema);
    }

    static async Task KillAndFinishAsync(DbSample sample, int lines)
    {
        await KillAsync(sample, lines);
        var next = await CliRun.InProcessAsync(sample.Apply());
        next.Code.ShouldBeOneOf(ExitCode.Ok, ExitCode.NoneKept);
        var indexes = await sample.IndexesAsync();
        indexes.Count.ShouldBe(2, string.Join(", ", indexes) + next.Output + next.Error);
        indexes.ShouldAllBe(i => !i.EndsWith("(invalid)"));
        await using var database = Database.Open(DatabaseAddress.Parse(sample.Address), new DatabaseOptions { DataVersions = false });
        (await PlanExplainer.ExplainAsync(database, "SELECT id FROM people WHERE name = 'n77'")).Indexes.ShouldContain(i => indexes.Contains(i));
        for (var again = 0; again < 3; again++)
        {
            (await CliRun.InProcessAsync("db", "undo", "all", "--state", sample.State, "--database", sample.Address)).Code.ShouldBe(ExitCode.Ok);
        }

        (await sample.IndexesAsync()).ShouldBeEmpty();
    }

    static async Task KillAsync(DbSample sample, int lines)
    {
        var outcome = await CliRun.AsProcessAsync(sample.Apply(), async process =>
        {
            await Eventually.IsTrueAsync(() => process.HasExited || sample.Journal().Length >= lines, $"{lines} lines in the journal", TimeSpan.FromSeconds(120));
            process.Kill();
        });
        // Killed, unless the last line was the end of the run.
        (outcome.Code != ExitCode.Ok || sample.Journal().Length > lines).ShouldBeTrue(outcome.Error + outcome.Output);
    }
}
