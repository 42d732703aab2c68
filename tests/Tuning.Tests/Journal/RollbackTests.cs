using System.Diagnostics;
using Fettle.Databases;
using Fettle.Tuning.Journal;
using Fettle.Tuning.Loop;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Tests.Journal;

public sealed class RollbackTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-rollback-").FullName;
    readonly DatabaseAddress _database;

    public RollbackTests()
    {
        _database = DatabaseAddress.Parse("sqlite:" + Path.Combine(_folder, "user.db"));
        Run("CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT)", "CREATE INDEX mine ON t(b)");
    }

    string Switches => Path.Combine(_folder, "switches.json");

    string State => Path.Combine(_folder, "state");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>
    /// The lines that applying two indexes and the switches file writes, cut after each line, once with the announced change not yet done and once
    /// done: what kill −9 can leave. Rollback must lead back to the schema and the file before, and a second one must find nothing.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task KilledAfterAnyLine_SchemaAndSwitchesComeBack(bool announcedIsDone)
    {
        var before = await SchemaAsync();
        for (var lines = 1; lines <= 7; lines++)
        {
            await File.WriteAllTextAsync(Switches, "the user's own\n");
            var folder = RunFolder.Create(State, "killed", TimeProvider.System);
            using (var journal = TuningJournal.Open(folder.Journal, TimeProvider.System))
            {
                (JournalEntry Line, Action Change)[] steps =
                [
                    (new JournalEntry { Event = JournalEvent.Begin, Target = $"database:{_database}", Folder = folder.Scratch, Schema = before }, () => { }),
                    (Intent("one", "CREATE INDEX one ON t(a)", "DROP INDEX IF EXISTS one"), () => Run("CREATE INDEX one ON t(a)")),
                    (new JournalEntry { Event = JournalEvent.Applied, Action = "one", Target = $"database:{_database}" }, () => { }),
                    (Intent("two", "CREATE INDEX two ON t(a, b)", "DROP INDEX IF EXISTS two"), () => Run("CREATE INDEX two ON t(a, b)")),
                    (new JournalEntry { Event = JournalEvent.Applied, Action = "two", Target = $"database:{_database}" }, () => { }),
                    (new JournalEntry { Event = JournalEvent.Intent, Action = "switches-file", Target = "file:" + Switches, Before = "the user's own\n" }, () => File.WriteAllText(Switches, "{}")),
                    (new JournalEntry { Event = JournalEvent.Applied, Action = "switches-file", Target = "file:" + Switches }, () => { }),
                ];
                for (var i = 0; i < lines; i++)
                {
                    journal.Append(steps[i].Line);
                    if (i < lines - 1 || announcedIsDone)
                    {
                        steps[i].Change();
                    }
                }
            }

            var report = await Rollback.RunAsync(State, null, null, TimeProvider.System);

            report.SchemaRestored.ShouldBe(true, $"after {lines} lines");
            (await SchemaAsync()).ShouldBe(before);
            (await File.ReadAllTextAsync(Switches)).ShouldBe("the user's own\n");
            (await Rollback.RunAsync(State, "all", null, TimeProvider.System)).Undone.ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task StatisticsThatAnIndexBrought_GoWithTheRun()
    {
        var before = await SchemaAsync();
        Run("INSERT INTO t(a) VALUES (1), (2)");
        Apply("one");
        Run("ANALYZE t");
        (await SchemaAsync()).ShouldContain(l => l.StartsWith("table|sqlite_stat1"));
        (await Rollback.RunAsync(State, null, null, TimeProvider.System)).SchemaRestored.ShouldBe(true);
        (await SchemaAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task OneActionByName_LeavesTheOthers()
    {
        Apply("one", "two");
        await Rollback.RunAsync(State, "one", null, TimeProvider.System);
        var schema = await SchemaAsync();
        schema.ShouldNotContain(l => l.Contains("|one|"));
        schema.ShouldContain(l => l.Contains("|two|"));
    }

    [Fact]
    public async Task SchemaThatSomeoneElseChanged_IsReportedNotHidden()
    {
        Apply("one");
        Run("CREATE TABLE later(id INTEGER PRIMARY KEY)");
        var report = await Rollback.RunAsync(State, null, null, TimeProvider.System);
        report.SchemaRestored.ShouldBe(false);
        report.SchemaDifference.ShouldHaveSingleItem().ShouldContain("later");
    }

    [Fact]
    public async Task UnknownName_SaysWhereToLook() =>
        (await Should.ThrowAsync<TuningException>(() => Rollback.RunAsync(State, "nothing", null, TimeProvider.System))).Message.ShouldContain("fettle history");

    [Fact]
    public async Task DatabaseThatIsGone_NeedsNoUndo()
    {
        Apply("one");
        File.Delete(_database.Value);
        var report = await Rollback.RunAsync(State, null, null, TimeProvider.System);
        report.Notes.ShouldHaveSingleItem().ShouldContain("is gone");
    }

    [Fact]
    public async Task ServiceThatACrashedTunerLeft_IsEndedByItsIdAndStartTime()
    {
        using var orphan = Process.Start("sleep", "600");
        var other = ProcessCpu.StartTicks(Environment.ProcessId)!.Value;
        var folder = RunFolder.Create(State, "orphan", TimeProvider.System);
        using (var journal = TuningJournal.Open(folder.Journal, TimeProvider.System))
        {
            journal.Append(new JournalEntry { Event = JournalEvent.Begin, Target = $"database:{_database}", Folder = folder.Scratch });
            journal.Append(new JournalEntry { Event = JournalEvent.Process, Pid = orphan.Id, PidStart = ProcessCpu.StartTicks(orphan.Id) });

            // An id that was given to another process since: its start time differs, and it must live.
            journal.Append(new JournalEntry { Event = JournalEvent.Process, Pid = Environment.ProcessId, PidStart = other - 1 });
        }

        var report = await Rollback.RunAsync(State, null, null, TimeProvider.System);

        orphan.HasExited.ShouldBeTrue();
        report.Undone.ShouldContain(u => u.Contains("ended process"));
        Directory.Exists(folder.Scratch).ShouldBeFalse();
    }

    void Apply(params string[] names)
    {
        var folder = RunFolder.Create(State, "applied", TimeProvider.System);
        using var journal = TuningJournal.Open(folder.Journal, TimeProvider.System);
        journal.Append(new JournalEntry { Event = JournalEvent.Begin, Target = $"database:{_database}", Schema = SchemaAsync().GetAwaiter().GetResult() });
        foreach (var name in names)
        {
            journal.Append(Intent(name, $"CREATE INDEX {name} ON t(a)", $"DROP INDEX IF EXISTS {name}"));
            Run($"CREATE INDEX {name} ON t(a)");
            journal.Append(new JournalEntry { Event = JournalEvent.Applied, Action = name, Target = $"database:{_database}" });
        }

        journal.Append(new JournalEntry { Event = JournalEvent.End });
    }

    JournalEntry Intent(string name, string run, string undo) =>
        new() { Event = JournalEvent.Intent, Action = name, Target = $"database:{_database}", Do = [run], Undo = [undo] };

    Task<string[]> SchemaAsync() => TunedDatabase.SchemaAsync(_database, CancellationToken.None);

    void Run(params string[] statements) => TunedDatabase.ExecuteAsync(_database, statements, CancellationToken.None).GetAwaiter().GetResult();
}
