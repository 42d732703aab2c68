using Fettle.Databases;
using Fettle.Tuning.Loop;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Journal;

/// <summary>What a rollback did.</summary>
/// <param name="Runs">Runs that had something left.</param>
/// <param name="Undone">What was undone, in order, as a person reads it.</param>
/// <param name="Notes">What needed nothing or could not be reached, and why.</param>
/// <param name="SchemaRestored">True when the schema dump equals the one before the run, false when not, null when there was nothing to compare.</param>
/// <param name="SchemaDifference">Up to ten lines that differ, marked + and −.</param>
public sealed record RollbackReport(IReadOnlyList<string> Runs, IReadOnlyList<string> Undone, IReadOnlyList<string> Notes, bool? SchemaRestored, IReadOnlyList<string> SchemaDifference);

/// <summary>
/// Replays undos from the journals of a state folder, newest first, after any crash. Idempotent: every undo succeeds on what is undone, and what
/// is undone is written down. Processes and scratch copies that an interrupted run left are removed on the way.
/// </summary>
public sealed class Rollback
{
    readonly string _state;
    readonly TimeProvider _time;
    readonly DatabaseAddress? _database;
    readonly List<string> _undone = [];
    readonly List<string> _notes = [];
    readonly List<string> _runs = [];

    readonly string? _token;

    Rollback(string state, DatabaseAddress? database, TimeProvider time, string? token)
    {
        _token = token ?? Environment.GetEnvironmentVariable("FETTLE_ADMIN_TOKEN");
        _state = state;
        _database = database;
        _time = time;
    }

    /// <summary>Undoes.</summary>
    /// <param name="state">The state folder, <c>.fettle</c>.</param>
    /// <param name="what">Null for the latest run that left something, <c>all</c>, a run's id, or an action's id.</param>
    /// <param name="database">Address with secrets for a PostgreSQL target, because journals hold none; null for SQLite.</param>
    /// <param name="time">Clock of the journal's lines.</param>
    /// <param name="cancellation">Stops between two undos.</param>
    /// <param name="token">Admin token of a running service whose switches are set back; null for FETTLE_ADMIN_TOKEN.</param>
    /// <exception cref="TuningException">Nothing of that name, a tuner is at work on the target, or an undo failed; what was undone before stays undone.</exception>
    public static Task<RollbackReport> RunAsync(string state, string? what, DatabaseAddress? database, TimeProvider time, CancellationToken cancellation = default, string? token = null) =>
        new Rollback(state, database, time, token).RunAsync(what, cancellation);

    /// <summary>Ids of runs on a target that were interrupted and left something in it.</summary>
    internal static IReadOnlyList<string> Interrupted(string state, string target) =>
        [.. RunFolder.All(state).Where(r => File.Exists(r.Journal)).Select(r => (r.Id, Entries: TuningJournal.Read(r.Journal)))
            .Where(r => r.Entries.Any(e => e.Event == JournalEvent.Begin && e.Target == target) && r.Entries.All(e => e.Event != JournalEvent.End) && Outstanding(r.Entries).Count > 0)
            .Select(r => r.Id)];

    /// <summary>Ids of the runs whose actions a database still carries, newest first.</summary>
    public static IReadOnlyList<string> Applied(string state, DatabaseAddress database)
    {
        ArgumentNullException.ThrowIfNull(database);
        return [.. RunFolder.All(state).Reverse().Where(r => File.Exists(r.Journal)).Select(r => (r.Id, Entries: TuningJournal.Read(r.Journal)))
            .Where(r => r.Entries.Any(e => e.Event == JournalEvent.Begin && e.Target == $"database:{database}") && Outstanding(r.Entries).Count > 0)
            .Select(r => r.Id)];
    }

    async Task<RollbackReport> RunAsync(string? what, CancellationToken cancellation)
    {
        var runs = RunFolder.All(_state).Reverse().Where(r => File.Exists(r.Journal)).Select(r => (Folder: r, Entries: TuningJournal.Read(r.Journal))).ToArray();
        var open = runs.Where(r => Outstanding(r.Entries).Count > 0 || IsInterrupted(r.Folder, r.Entries)).ToArray();
        string? action = null;
        if (what is not null and not "all")
        {
            var byRun = runs.Where(r => r.Folder.Id == what).ToArray();
            if (byRun.Length == 0)
            {
                action = what;
                byRun = [.. runs.Where(r => Outstanding(r.Entries).Any(e => e.Action == what)).Take(1)];
            }

            if (byRun.Length == 0)
            {
                throw new TuningException($"there is no run and no applied action '{what}' in {_state}; 'fettle history' lists the runs");
            }

            open = [.. byRun.Where(r => Outstanding(r.Entries).Count > 0 || IsInterrupted(r.Folder, r.Entries))];
        }
        else if (what is null)
        {
            // The latest run that changed something, and whatever interrupted runs left lying about.
            var latest = open.FirstOrDefault(r => Outstanding(r.Entries).Count > 0).Folder;
            open = [.. open.Where(r => r.Folder == latest || Outstanding(r.Entries).Count == 0)];
        }

        bool? restored = null;
        IReadOnlyList<string> difference = [];
        foreach (var (folder, entries) in open)
        {
            _runs.Add(folder.Id);
            var begin = entries.FirstOrDefault(e => e.Event == JournalEvent.Begin);
            using var held = begin?.Target is { } target ? TargetLock.Take(TargetLock.DefaultFolder, target[(target.IndexOf(':') + 1)..], _time) : null;
            CleanUp(folder, entries);
            await UndoAsync(folder, entries, action, cancellation);
            if (action is null && begin?.Schema is { } before && begin.Target is { } name && Address(name) is { } address && Exists(address))
            {
                if (entries.Any(e => e.Event == JournalEvent.Intent && e.Target == name))
                {
                    await TunedDatabase.DropNewStatisticsAsync(address, before, cancellation);
                }

                (restored, difference) = Compare(before, await TunedDatabase.SchemaAsync(address, cancellation));
            }
        }

        return new RollbackReport(_runs, _undone, _notes, restored, difference);
    }

    static bool IsInterrupted(RunFolder folder, IReadOnlyList<JournalEntry> entries) =>
        entries.Count > 0 && entries.All(e => e.Event != JournalEvent.End) && Directory.Exists(folder.Scratch);

    /// <summary>Intents without a later undo, scratch targets aside, oldest first.</summary>
    static List<JournalEntry> Outstanding(IReadOnlyList<JournalEntry> entries)
    {
        var open = new List<JournalEntry>();
        foreach (var entry in entries)
        {
            if (entry.Event is JournalEvent.Intent or JournalEvent.Undone)
            {
                open.RemoveAll(e => e.Action == entry.Action && e.Target == entry.Target);
            }

            if (entry.Event == JournalEvent.Intent && !entry.Scratch)
            {
                open.Add(entry);
            }
        }

        // Copies of a run that came to its end were dropped by the run.
        var ended = entries.Any(e => e.Event == JournalEvent.End);
        open.RemoveAll(e => ended && e.Target!.StartsWith("copy:", StringComparison.Ordinal));
        return open;
    }

    void CleanUp(RunFolder folder, IReadOnlyList<JournalEntry> entries)
    {
        foreach (var process in entries.Where(e => e is { Event: JournalEvent.Process, Pid: not null, PidStart: not null }))
        {
            if (ServiceProcess.EndOrphan(process.Pid!.Value, process.PidStart!.Value))
            {
                _undone.Add($"ended process {process.Pid} that {folder.Id} left");
            }
        }

        if (Directory.Exists(folder.Scratch))
        {
            Directory.Delete(folder.Scratch, recursive: true);
            _undone.Add($"removed the scratch copies of {folder.Id}");
        }
    }

    async Task UndoAsync(RunFolder folder, IReadOnlyList<JournalEntry> entries, string? action, CancellationToken cancellation)
    {
        using var journal = TuningJournal.Open(folder.Journal, _time);
        foreach (var entry in Outstanding(entries).AsEnumerable().Reverse())
        {
            if (action is not null && entry.Action != action)
            {
                continue;
            }

            cancellation.ThrowIfCancellationRequested();
            if (await UndoAsync(entry))
            {
                journal.Append(new JournalEntry { Event = JournalEvent.Undone, Action = entry.Action, Target = entry.Target });
                _undone.Add($"{entry.Action}: {string.Join("; ", entry.Undo ?? [])}");
            }
        }

        if (action is null && entries.All(e => e.Event != JournalEvent.End))
        {
            journal.Append(new JournalEntry { Event = JournalEvent.End });
        }
    }

    async Task<bool> UndoAsync(JournalEntry entry)
    {
        var target = entry.Target!;
        var rest = target[(target.IndexOf(':') + 1)..];
        switch (target[..target.IndexOf(':')])
        {
            case "file":
                SwitchesFile.Restore(rest, entry);
                return true;
            case "copy":
                await TunedDatabase.DropCopyAsync(Copy(rest));
                return true;
            case "database":
                var address = Address(target) ?? throw new TuningException($"{entry.Action} acts on {rest}, and the journal holds no secrets: give its address with --database");
                if (!Exists(address))
                {
                    _notes.Add($"{entry.Action}: {address} is gone, so there is nothing to undo");
                    return true;
                }

                await TunedDatabase.ExecuteAsync(address, entry.Undo ?? [], CancellationToken.None);
                return true;
            case "switch":
                return await SwitchOffAsync(entry, new Uri(rest));
            default:
                throw new TuningException($"{entry.Action} acts on '{target}', which this version cannot undo; its undo: {string.Join("; ", entry.Undo ?? [])}");
        }
    }

    async Task<bool> SwitchOffAsync(JournalEntry entry, Uri url)
    {
        using var client = new FettleClient(url, _token);
        try
        {
            await client.SetSwitchAsync(entry.Action![Actions.SwitchAction.Prefix.Length..], false, CancellationToken.None);
            return true;
        }
        catch (HttpRequestException)
        {
            _notes.Add($"{entry.Action}: {url} does not answer; a switch lives no longer than its service");
            return true;
        }
    }

    DatabaseAddress Copy(string redacted)
    {
        var names = new[] { "a", "b" }.Concat(Enumerable.Range(1, 200).Select(n => $"w{n}"));
        var copies = _database is null ? [] : names.Select(name => TunedDatabase.CopyAddress(_database, name));
        return copies.FirstOrDefault(c => c.ToString() == redacted)
            ?? throw new TuningException($"the copy {redacted} is left, and the journal holds no secrets: give the address of its source with --database");
    }

    DatabaseAddress? Address(string target)
    {
        var text = target[(target.IndexOf(':') + 1)..];
        if (_database?.ToString() == text)
        {
            return _database;
        }

        return text.StartsWith("sqlite:", StringComparison.Ordinal) ? DatabaseAddress.Parse(text) : null;
    }

    static bool Exists(DatabaseAddress address) => address.Engine != DatabaseEngine.Sqlite || File.Exists(address.Value);

    static (bool Same, IReadOnlyList<string> Difference) Compare(string[] before, string[] now)
    {
        string[] difference = [.. before.Except(now).Select(l => "− " + l), .. now.Except(before).Select(l => "+ " + l)];
        return (difference.Length == 0, [.. difference.Take(10)]);
    }
}
