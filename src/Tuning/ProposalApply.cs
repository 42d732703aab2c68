using System.Text.Json.Nodes;
using Fettle.Databases;
using Fettle.Shared.Results;
using Fettle.Tuning.Actions;
using Fettle.Tuning.Journal;
using Fettle.Tuning.Loop;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning;

/// <summary>Which proposals of a run are applied, and how.</summary>
public sealed record ProposalOptions
{
    /// <summary>Ids, or parts of ids; empty means all that the risk allows.</summary>
    public IReadOnlyList<string> Only { get; set; } = [];

    /// <summary>The target's address with its secrets, for PostgreSQL; null takes the run's SQLite file.</summary>
    public DatabaseAddress? Database { get; set; }

    /// <summary>Folder of runs and journals. Default <c>.fettle</c>.</summary>
    public string StateFolder { get; set; } = ".fettle";

    /// <summary>Asks a person before each action; null counts as no.</summary>
    public Func<TuningQuestion, bool>? Ask { get; set; }
}

/// <summary>What applying proposals did.</summary>
/// <param name="Run">The run's id: <c>fettle rollback ID</c> takes it back.</param>
/// <param name="Applied">Ids that were applied.</param>
/// <param name="Left">Those that were not, each with the reason.</param>
/// <param name="SwitchesFile">The file of switches that were chosen, or null.</param>
public sealed record ProposalReport(string Run, IReadOnlyList<string> Applied, IReadOnlyList<string> Left, string? SwitchesFile);

/// <summary>
/// Applies chosen proposals of a run, without measuring: <c>tune</c> does both. Statements are rehearsed on an empty copy of the schema first (SQLite) and every
/// undo is in the journal before its action runs.
/// </summary>
public static class ProposalApply
{
    /// <summary>Applies.</summary>
    /// <param name="resultJson">The run's <c>fettle.result/1</c> document.</param>
    /// <param name="options">Which and how.</param>
    /// <param name="time">Clock of the journal; null for the system's.</param>
    /// <param name="cancellation">Stops between two actions and takes back those of this call.</param>
    /// <exception cref="TuningException">Nothing matches, the target is being tuned or out of reach, or an action failed and all were taken back.</exception>
    /// <exception cref="InvalidDataException">The text is no such result.</exception>
    public static async Task<ProposalReport> RunAsync(string resultJson, ProposalOptions options, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var clock = time ?? TimeProvider.System;
        var result = ResultDocument.Parse(resultJson);
        var proposals = new[] { "notTried", "actions" }.SelectMany(list => (result.Data[list] as JsonArray ?? []).OfType<JsonObject>()).Select(Proposal.Of)
            .Where(p => options.Only.Count == 0 || options.Only.Any(word => p.Id.Contains(word, StringComparison.OrdinalIgnoreCase))).ToArray();
        if (proposals.Length == 0)
        {
            throw new TuningException(options.Only.Count == 0 ? "the run holds no proposals; 'fettle advise' makes them" : $"no proposal of the run matches {string.Join(", ", options.Only)}");
        }

        var address = options.Database ?? Address(result);
        var left = new List<string>();
        var chosen = proposals.Where(p => Agreed(p, address, options.Ask, left)).ToArray();
        var statements = chosen.Where(p => p.Kind == ProposalKind.Statements).Select(p => p.Action()).ToArray();
        var switches = chosen.Where(p => p.Kind == ProposalKind.Switch).ToArray();
        var target = address is null ? $"url:{result.Name}" : $"database:{address}";
        using var held = TargetLock.Take(TargetLock.DefaultFolder, target[(target.IndexOf(':') + 1)..], clock);
        if (statements.Length > 0 && address is null)
        {
            throw new TuningException("the run's database is not known here: give its address with --database");
        }

        if (Rollback.Interrupted(options.StateFolder, target) is [var interrupted, ..])
        {
            throw new TuningException($"run {interrupted} was interrupted and left changes; take them back first: fettle rollback {interrupted}");
        }

        var folder = RunFolder.Create(options.StateFolder, result.Name + "-apply", clock);
        var file = switches.Length == 0 ? null : Path.GetFullPath(Path.Combine(options.StateFolder, "switches", result.Name + ".json"));
        try
        {
            using var journal = TuningJournal.Open(folder.Journal, clock);
            journal.Append(new JournalEntry { Event = JournalEvent.Begin, Target = target, Folder = folder.Scratch, Schema = address is null ? null : await TunedDatabase.SchemaAsync(address, cancellation) });
            if (address is { Engine: DatabaseEngine.Sqlite })
            {
                await RehearseAsync(address, folder.Scratch, statements, cancellation);
            }

            var runner = new ActionRunner(journal, clock);
            await using var user = new ServiceInstance("target", new Uri("http://127.0.0.1:1"), null, address, null);
            foreach (var action in statements)
            {
                cancellation.ThrowIfCancellationRequested();
                await runner.ApplyAsync(action, user, cancellation);
            }

            if (file is not null)
            {
                SwitchesFile.Write(journal, file, switches.Select(s => s.Id[SwitchAction.Prefix.Length..]));
            }

            Directory.Delete(folder.Scratch, recursive: true);
            journal.Append(new JournalEntry { Event = JournalEvent.End });
        }
        catch
        {
            held.Dispose();
            await Rollback.RunAsync(options.StateFolder, folder.Id, address, clock, CancellationToken.None);
            throw;
        }

        return new ProposalReport(folder.Id, [.. chosen.Where(p => p.Kind != ProposalKind.Launch).Select(p => p.Id)], left, file);
    }

    /// <summary>Do, undo, undo again on the schema without rows: what does not lead back there does not lead back anywhere.</summary>
    static async Task RehearseAsync(DatabaseAddress address, string scratch, IReadOnlyList<StatementAction> actions, CancellationToken cancellation)
    {
        const string Objects = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type <> 'table', rowid";
        var copy = DatabaseAddress.Parse("sqlite:" + Path.Combine(scratch, "schema.db"));
        await TunedDatabase.ExecuteAsync(copy, await TunedDatabase.ColumnAsync(address, Objects, cancellation), cancellation);
        foreach (var action in actions)
        {
            async Task<string> SchemaAsync() => string.Join('\n', (await TunedDatabase.SchemaAsync(copy, cancellation)).Where(l => !TunedDatabase.IsStatistics(l)));
            var before = await SchemaAsync();
            await TunedDatabase.ExecuteAsync(copy, action.Do, cancellation);
            await TunedDatabase.ExecuteAsync(copy, action.Undo, cancellation);
            await TunedDatabase.ExecuteAsync(copy, action.Undo, cancellation);
            if (before != await SchemaAsync())
            {
                throw new TuningException($"the undo of {action.Id} does not lead back to the state before it; nothing was applied");
            }

            await TunedDatabase.ExecuteAsync(copy, action.Do, cancellation);
        }
    }

    static bool Agreed(Proposal proposal, DatabaseAddress? address, Func<TuningQuestion, bool>? ask, List<string> left)
    {
        var reason = proposal.Kind == ProposalKind.Launch ? "a launch setting is yours to give when you start the service"
            : ask is null ? "it needs a yes and there is nobody to ask"
            : ask(new TuningQuestion(proposal.Id, proposal.Title, proposal.Risk, address?.ToString() ?? "the switches file", proposal.Do)) ? null
            : "declined";
        if (reason is not null)
        {
            left.Add($"{proposal.Id}: {reason}");
        }

        return reason is null;
    }

    static DatabaseAddress? Address(ResultDocument result) =>
        (string?)result.Settings["database"] is { } text && text.StartsWith("sqlite:", StringComparison.Ordinal) ? DatabaseAddress.Parse(text) : null;

    enum ProposalKind
    {
        Statements,
        Switch,
        Launch,
    }

    sealed record Proposal(string Id, string Title, string Layer, string Risk, string Why, IReadOnlyList<string> Do, IReadOnlyList<string> Undo)
    {
        public ProposalKind Kind => Id.StartsWith(SwitchAction.Prefix, StringComparison.Ordinal) ? ProposalKind.Switch
            : Id.StartsWith(LaunchAction.Prefix, StringComparison.Ordinal) ? ProposalKind.Launch
            : ProposalKind.Statements;

        public StatementAction Action() => new(Id, Title, Risk, Why, "", Do, Undo, layer: Layer);

        public static Proposal Of(JsonObject json)
        {
            string Text(string name) => (string?)json[name] ?? throw new InvalidDataException($"a proposal of the run has no {name}");
            string[] Lines(string name) => [.. (json[name] as JsonArray ?? throw new InvalidDataException($"a proposal of the run has no {name}")).Select(l => (string)l!)];
            return new Proposal(Text("id"), Text("title"), Text("layer"), Text("risk"), Text("why"), Lines("do"), Lines("undo"));
        }
    }
}
