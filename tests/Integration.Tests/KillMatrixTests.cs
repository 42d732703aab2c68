using System.Diagnostics;
using System.Text.Json.Nodes;
using Fettle.Databases;
using Fettle.Tuning.Targets;
using Xunit.Abstractions;

namespace Fettle.Integration.Tests;

/// <summary>
/// <c>kill -9</c> to the real program at every step of changing the user's database and switches file, then <c>fettle rollback</c>: schema dump and file come back
/// byte for byte. The table is printed.
/// </summary>
[Trait("Category", "Slow")]
public sealed class KillMatrixTests : IDisposable
{
    const string Before = "{ \"schema\": \"fettle.switches/1\", \"switches\": [] }  \n";
    static readonly string[] Steps = ["begin", "intent of the first index", "first index applied", "intent of the second index", "second index applied", "intent of the switches file", "switches file written", "end"];
    readonly ITestOutputHelper _output;
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-kill-").FullName;
    readonly DatabaseAddress _database;

    public KillMatrixTests(ITestOutputHelper output)
    {
        _output = output;
        _database = DatabaseAddress.Parse("sqlite:" + Path.Combine(_folder, "user.db"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task KilledAtEveryStep_RollbackRestoresSchemaAndSwitches()
    {
        await TunedDatabase.ExecuteAsync(
            _database,
            ["CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT)", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) INSERT INTO t(a, b) SELECT i * 7919 % 100003, 'text ' || i FROM n"],
            CancellationToken.None);
        var schema = await SchemaAsync();
        await File.WriteAllTextAsync(Path.Combine(_folder, "result.json"), Result());
        var rows = new List<(string Step, int Lines, bool Schema, bool Switches, string Undone)>();
        for (var step = 1; step <= Steps.Length; step++)
        {
            var state = Path.Combine(_folder, $"state-{step}");
            var switches = Path.Combine(state, "switches", "fake.json");
            Directory.CreateDirectory(Path.GetDirectoryName(switches)!);
            await File.WriteAllTextAsync(switches, Before);

            var lines = await KillAtAsync(state, step);
            var (code, text, errors) = await ProgramRun.InProcessAsync("rollback", "--state", state);
            code.ShouldBe(0, text + errors);
            rows.Add((Steps[step - 1], lines, (await SchemaAsync()).SequenceEqual(schema), await File.ReadAllTextAsync(switches) == Before, $"{text.Split('\n').Count(l => l.StartsWith("undone", StringComparison.Ordinal))} lines"));
            (await ProgramRun.InProcessAsync("rollback", "all", "--state", state)).Output.ShouldContain("nothing to undo");
            Directory.GetDirectories(state, "scratch", SearchOption.AllDirectories).ShouldBeEmpty();
        }

        _output.WriteLine("killed after                    journal lines  schema dump  switches file  rollback wrote");
        foreach (var (step, lines, same, file, undone) in rows)
        {
            _output.WriteLine($"{step,-30}  {lines,13}  {(same ? "equal" : "DIFFERS"),11}  {(file ? "equal" : "DIFFERS"),13}  {undone}");
        }

        rows.ShouldAllBe(r => r.Schema && r.Switches);
    }

    /// <summary>Ends the program by SIGKILL as soon as its journal has so many lines.</summary>
    async Task<int> KillAtAsync(string state, int lines)
    {
        using var process = Process.Start(ProgramRun.Start(["apply", "result.json", "--yes", "--state", state], _folder))!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        _ = process.StandardOutput.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!process.HasExited && Lines(state) < lines)
        {
            await Task.Delay(1, limit.Token);
        }

        if (process.HasExited && Lines(state) < lines)
        {
            throw new InvalidOperationException($"apply ended with {process.ExitCode} after {Lines(state)} journal lines: {await errors}");
        }

        process.Kill();
        await process.WaitForExitAsync(limit.Token);
        return Lines(state);
    }

    static int Lines(string state)
    {
        var runs = Path.Combine(state, "runs");
        var journal = Directory.Exists(runs) ? Directory.GetFiles(runs, "journal.jsonl", SearchOption.AllDirectories).FirstOrDefault() : null;
        if (journal is null)
        {
            return 0;
        }

        using var file = new FileStream(journal, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    Task<string[]> SchemaAsync() => TunedDatabase.SchemaAsync(_database, CancellationToken.None);

    string Result()
    {
        JsonObject Index(string name, string columns) => new()
        {
            ["id"] = $"index.{name}", ["title"] = name, ["layer"] = "database", ["risk"] = "low", ["why"] = "", ["do"] = new JsonArray($"CREATE INDEX {name} ON t({columns})"), ["undo"] = new JsonArray($"DROP INDEX IF EXISTS {name}"),
        };
        return new JsonObject
        {
            ["schema"] = "fettle.result/1", ["kind"] = "tune", ["name"] = "fake", ["startedAt"] = "2026-01-01T00:00:00+00:00",
            ["machine"] = new JsonObject { ["processor"] = "p", ["cores"] = 2, ["memoryGiB"] = 1, ["operatingSystem"] = "o", ["runtime"] = "r" },
            ["source"] = new JsonObject { ["commit"] = "x", ["clean"] = true }, ["command"] = new JsonArray(),
            ["settings"] = new JsonObject { ["database"] = _database.ToString() },
            ["data"] = new JsonObject
            {
                ["notTried"] = new JsonArray(
                    Index("one", "a, b"),
                    Index("two", "b, a"),
                    new JsonObject { ["id"] = "switch:cache", ["title"] = "cache", ["layer"] = "cache", ["risk"] = "medium", ["why"] = "", ["do"] = new JsonArray("PUT"), ["undo"] = new JsonArray("PUT") }),
            },
        }.ToJsonString();
    }
}
