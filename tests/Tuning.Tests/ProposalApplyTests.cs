using System.Text.Json.Nodes;
using Fettle.Databases;
using Fettle.Shared.Results;
using Fettle.Tuning.Journal;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Tests;

public sealed class ProposalApplyTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-apply-").FullName;
    readonly DatabaseAddress _database;

    public ProposalApplyTests()
    {
        _database = DatabaseAddress.Parse("sqlite:" + Path.Combine(_folder, "user.db"));
        Run("CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b INTEGER)", "CREATE VIEW v AS SELECT a FROM t", "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET b = 1 WHERE id = new.id; END", "INSERT INTO t(a, b) VALUES (1, 2), (3, 4)");
    }

    string State => Path.Combine(_folder, "state");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ChosenProposals_AreAppliedAndRolledBack()
    {
        var before = await SchemaAsync();
        var report = await ProposalApply.RunAsync(Result(), Options(only: ["index.one", "switch:"]));
        report.Applied.ShouldBe(["index.one", "switch:cache"]);
        (await SchemaAsync()).ShouldContain(l => l.Contains("|one|"));
        (await SchemaAsync()).ShouldNotContain(l => l.Contains("|two|"));
        (await File.ReadAllTextAsync(report.SwitchesFile!)).ShouldContain("\"cache\"");
        Directory.GetDirectories(State, "scratch", SearchOption.AllDirectories).ShouldBeEmpty();

        var rollback = await Rollback.RunAsync(State, report.Run, null, TimeProvider.System);
        rollback.SchemaRestored.ShouldBe(true);
        (await SchemaAsync()).ShouldBe(before);
        File.Exists(report.SwitchesFile).ShouldBeFalse();
    }

    [Fact]
    public async Task HighRisk_NeedsAYesOfItsOwn()
    {
        var report = await ProposalApply.RunAsync(Result(), Options(q => q.Risk != "high"));
        report.Applied.ShouldBe(["index.one", "index.two", "switch:cache"]);
        report.Left.ShouldBe(["risky: declined", "launch:gc: a launch setting is yours to give when you start the service"]);
    }

    [Fact]
    public async Task NobodyToAsk_AppliesNothing()
    {
        var before = await SchemaAsync();
        (await ProposalApply.RunAsync(Result(), new ProposalOptions { StateFolder = State })).Applied.ShouldBeEmpty();
        (await SchemaAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task UndoThatDoesNotLeadBack_IsFoundOnTheEmptySchema()
    {
        var before = await SchemaAsync();
        var result = Edited(r => r["data"]!["notTried"]![0]!["undo"] = new JsonArray("DROP INDEX IF EXISTS other"));
        (await Should.ThrowAsync<TuningException>(() => ProposalApply.RunAsync(result, Options()))).Message.ShouldContain("does not lead back");
        (await SchemaAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task SecondThatFails_TakesTheFirstBack()
    {
        var before = await SchemaAsync();
        Run("INSERT INTO t(a, b) VALUES (1, 9)");
        var result = Edited(r => r["data"]!["notTried"]![1]!["do"] = new JsonArray("CREATE UNIQUE INDEX two ON t(a)"));
        (await Should.ThrowAsync<TuningException>(() => ProposalApply.RunAsync(result, Options()))).Message.ShouldContain("UNIQUE");
        (await SchemaAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task UnknownWord_IsNamed() =>
        (await Should.ThrowAsync<TuningException>(() => ProposalApply.RunAsync(Result(), Options(only: ["nothing"])))).Message.ShouldContain("matches nothing");

    [Fact]
    public async Task TargetBeingTuned_RefusesWithTheOwnersName()
    {
        using var held = TargetLock.Take(TargetLock.DefaultFolder, _database.ToString(), TimeProvider.System);
        (await Should.ThrowAsync<TuningException>(() => ProposalApply.RunAsync(Result(), Options()))).Message.ShouldContain($"process {Environment.ProcessId}");
    }

    ProposalOptions Options(Func<TuningQuestion, bool>? ask = null, string[]? only = null) => new() { StateFolder = State, Ask = ask ?? (q => q.Risk != "high"), Only = only ?? [] };

    string Edited(Action<JsonNode> edit)
    {
        var node = JsonNode.Parse(Result())!;
        edit(node);
        return node.ToJsonString();
    }

    string Result()
    {
        JsonObject Proposal(string id, string risk, string[] run, string[] undo) => new()
        {
            ["id"] = id, ["title"] = id, ["layer"] = "database", ["risk"] = risk, ["why"] = "because", ["do"] = Lines(run), ["undo"] = Lines(undo),
        };
        return new ResultDocument
        {
            Kind = "tune", Name = "fake", StartedAt = DateTimeOffset.UnixEpoch, Machine = RunEnvironment.Machine(), Source = new SourceInfo("x", true), Command = [],
            Settings = new JsonObject { ["database"] = _database.ToString() },
            Data = new JsonObject
            {
                ["notTried"] = new JsonArray(
                    Proposal("index.one", "low", ["CREATE INDEX one ON t(a)"], ["DROP INDEX IF EXISTS one"]),
                    Proposal("index.two", "low", ["CREATE INDEX two ON t(a, b)"], ["DROP INDEX IF EXISTS two"]),
                    Proposal("risky", "high", ["CREATE INDEX three ON t(b)"], ["DROP INDEX IF EXISTS three"]),
                    Proposal("switch:cache", "medium", ["PUT"], ["PUT"]),
                    Proposal("launch:gc", "medium", ["start"], ["start"])),
            },
        }.ToJson();
    }

    static JsonArray Lines(string[] lines) => new([.. lines.Select(l => JsonValue.Create(l))]);

    Task<string[]> SchemaAsync() => TunedDatabase.SchemaAsync(_database, CancellationToken.None);

    void Run(params string[] statements) => TunedDatabase.ExecuteAsync(_database, statements, CancellationToken.None).GetAwaiter().GetResult();
}
