using System.Data.Common;
using System.Globalization;
using Fettle.Databases;
using Fettle.Tuning.Journal;
using Fettle.Tuning.Loop;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning;

/// <summary>How far applying goes.</summary>
public sealed record DatabaseApplyOptions
{
    /// <summary>Folder of runs and journals. Default <c>.fettle</c>.</summary>
    public string StateFolder { get; set; } = ".fettle";

    /// <summary>Longest run of one statement. Default 1 h; 1 s–24 h.</summary>
    public TimeSpan StatementLimit { get; set => field = Throw.InRange(value, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24), nameof(StatementLimit)); } = TimeSpan.FromHours(1);

    /// <summary>Longest wait for another tuner's end. Default 10 s; 0–1 h.</summary>
    public TimeSpan Patience { get; set => field = Throw.InRange(value, TimeSpan.Zero, TimeSpan.FromHours(1), nameof(Patience)); } = TimeSpan.FromSeconds(10);

    /// <summary>Most indexes of Fettle's making in the database. Default 20; 0–1,000.</summary>
    public int IndexBudget { get; set => field = Throw.InRange(value, 0, 1_000, nameof(IndexBudget)); } = ApplyGuard.IndexBudget;

    /// <summary>An action stays when it saves at least this part of the measured work of the statements on its table. Default 0.02; 0–1.</summary>
    public double LeastGain { get; set => field = Throw.InRange(value, 0, 1, nameof(LeastGain)); } = 0.02;

    /// <summary>Timed calls of each statement before and after. Default 5; 1–1,000.</summary>
    public int Repeats { get; set => field = Throw.InRange(value, 1, 1_000, nameof(Repeats)); } = 5;
}

/// <summary>What became of one action.</summary>
/// <param name="Action">The action.</param>
/// <param name="Kept">Whether it stays.</param>
/// <param name="Reason">Why, in a line.</param>
/// <param name="Statements">What ran, with the locks.</param>
/// <param name="WorkBefore">Work of the workload's calls on its table before, by <see cref="MeasuredStatement.Work"/>.</param>
/// <param name="WorkAfter">The same after.</param>
/// <param name="MillisecondsBefore">Time of those calls before.</param>
/// <param name="MillisecondsAfter">The same after.</param>
public sealed record AppliedAction(DatabaseAction Action, bool Kept, string Reason, IReadOnlyList<AppliedStatement> Statements, double WorkBefore, double WorkAfter, double MillisecondsBefore, double MillisecondsAfter);

/// <summary>What applying did.</summary>
/// <param name="Run">The run's id: <c>fettle rollback ID</c> takes it back.</param>
/// <param name="Recovered">What an interrupted run had left and was taken back first.</param>
/// <param name="Actions">The actions in the order tried.</param>
/// <param name="Before">The workload before all of them.</param>
/// <param name="After">The workload after.</param>
public sealed record DatabaseApplyReport(string Run, IReadOnlyList<string> Recovered, IReadOnlyList<AppliedAction> Actions, IReadOnlyList<MeasuredStatement> Before, IReadOnlyList<MeasuredStatement> After);

/// <summary>
/// Applies advised actions to a database in use, one after another.
/// 1. One tuner: the lock file of this machine, and PostgreSQL's advisory lock.
/// 2. What an interrupted run left is taken back; invalid indexes of Fettle's making are dropped.
/// 3. Disk space, index budget, old transactions are checked. The workload is measured.
/// 4. Each action: its undo goes to the journal, it runs, the workload is planned and measured again. It stays when answers are equal (or, for an index, rows were written meanwhile), an index is
///    in a plan, the work is less and the time not more; else its undo runs.
/// The journal is on disk before anything runs, so after a kill at any moment the next start (or <c>fettle rollback</c>) takes back what was begun.
/// </summary>
public static class DatabaseApply
{
    /// <summary>Applies; what did not help is undone when it returns.</summary>
    /// <param name="address">The database.</param>
    /// <param name="actions">What to try, in order.</param>
    /// <param name="workload">What it is measured with.</param>
    /// <param name="options">Limits; null takes the defaults.</param>
    /// <param name="progress">Told what happens.</param>
    /// <param name="time">Clock of the journal; null for the system's.</param>
    /// <param name="cancellation">Ctrl-C: takes back the action under way, keeps those proven, throws.</param>
    /// <exception cref="TuningException">It must not or cannot be applied; the message says why and what to do.</exception>
    public static async Task<DatabaseApplyReport> RunAsync(
        DatabaseAddress address, IReadOnlyList<DatabaseAction> actions, IReadOnlyList<RecordedQuery> workload, DatabaseApplyOptions? options = null, IProgress<TuningProgress>? progress = null, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(actions);
        ArgumentNullException.ThrowIfNull(workload);
        options = options is null ? new DatabaseApplyOptions() : options with { };
        var clock = time ?? TimeProvider.System;
        try
        {
            await using var database = TunedDatabase.Open(address);
            await using var session = await ApplySession.OpenAsync(database, options.StatementLimit, options.Patience, cancellation);
            var recovered = await RecoverAsync(address, session, options, clock, cancellation);
            using var held = TargetLock.Take(TargetLock.DefaultFolder, address.ToString(), clock);
            if (await ApplyGuard.CheckAsync(database, actions, options.IndexBudget, cancellation) is { Count: > 0 } problems)
            {
                throw new TuningException(string.Join("; ", problems));
            }

            var run = new Run(database, address, session, RunFolder.Create(options.StateFolder, "db-apply", clock), workload, options, progress, clock);
            return await run.ApplyAsync(actions, recovered, cancellation);
        }
        catch (Exception e) when (e is DbException or InvalidOperationException or PoolExhaustedException)
        {
            throw new TuningException(e.Message, e);
        }
    }

    /// <summary>
    /// Takes back what an interrupted run left, under the same locks as applying; nothing when none was interrupted. Call it before advising: what
    /// is left would count as there.
    /// </summary>
    /// <param name="address">The database.</param>
    /// <param name="options">Where the journals are; null takes the defaults.</param>
    /// <param name="time">Clock of the journal; null for the system's.</param>
    /// <param name="cancellation">Stops between two undos.</param>
    /// <returns>What was taken back.</returns>
    /// <exception cref="TuningException">Another tuner is at work, or the database does not answer.</exception>
    public static async Task<IReadOnlyList<string>> RecoverAsync(DatabaseAddress address, DatabaseApplyOptions? options = null, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        options ??= new DatabaseApplyOptions();
        try
        {
            await using var database = TunedDatabase.Open(address);
            await using var session = await ApplySession.OpenAsync(database, options.StatementLimit, options.Patience, cancellation);
            return await RecoverAsync(address, session, options, time ?? TimeProvider.System, cancellation);
        }
        catch (Exception e) when (e is DbException or InvalidOperationException or PoolExhaustedException)
        {
            throw new TuningException(e.Message, e);
        }
    }

    static async Task<IReadOnlyList<string>> RecoverAsync(DatabaseAddress address, ApplySession session, DatabaseApplyOptions options, TimeProvider time, CancellationToken cancellation)
    {
        var recovered = new List<string>();
        foreach (var id in Rollback.Interrupted(options.StateFolder, $"database:{address}").Reverse())
        {
            var report = await Rollback.RunAsync(options.StateFolder, id, address, time, cancellation);
            recovered.AddRange(report.Undone.Select(u => $"{id}: {u}"));
        }

        recovered.AddRange((await session.DropLeftoversAsync(cancellation)).Select(name => $"dropped the invalid index {name}"));
        return recovered;
    }

    /// <summary>One line that says what to do, where the server's own words do not.</summary>
    static string Plain(Exception e) => e switch
    {
        Npgsql.PostgresException { SqlState: Npgsql.PostgresErrorCodes.DiskFull } full => $"the server's disk is full ({full.MessageText}); free some space there and apply again",
        Microsoft.Data.Sqlite.SqliteException { SqliteErrorCode: 13 } full => $"the disk is full ({full.Message}); free some space and apply again",
        Npgsql.PostgresException postgres => $"{postgres.SqlState}: {postgres.MessageText}",
        _ => e.Message,
    };

    sealed class Run(Database database, DatabaseAddress address, ApplySession session, RunFolder folder, IReadOnlyList<RecordedQuery> workload, DatabaseApplyOptions options, IProgress<TuningProgress>? progress, TimeProvider time)
    {
        readonly string _target = $"database:{address}";

        public async Task<DatabaseApplyReport> ApplyAsync(IReadOnlyList<DatabaseAction> actions, IReadOnlyList<string> recovered, CancellationToken cancellation)
        {
            using var journal = TuningJournal.Open(folder.Journal, time);
            journal.Append(new JournalEntry { Event = JournalEvent.Begin, Target = _target, Folder = folder.Scratch, Schema = await TunedDatabase.SchemaAsync(address, cancellation) });
            Say("measure", $"{workload.Count} statements before");
            var before = await WorkloadMeasurement.RunAsync(database, workload, options.Repeats, cancellation);
            var now = before;
            var tables = workload.SelectMany(q => q.Tables).ToHashSet(StringComparer.OrdinalIgnoreCase);
            var data = await DataFingerprint.ReadAsync(database, tables, cancellation);
            var applied = new List<AppliedAction>();
            foreach (var action in actions)
            {
                if (await ApplyGuard.ExistsAsync(database, action, cancellation))
                {
                    // Not this run's work: it must neither be measured as such nor dropped by an undo.
                    applied.Add(new AppliedAction(action, false, $"{action.Evidence.Object} is there already", [], 0, 0, 0, 0));
                    continue;
                }

                journal.Append(new JournalEntry { Event = JournalEvent.Intent, Action = action.Id, Target = _target, Do = [.. action.Do], Undo = [.. action.Undo] });
                AppliedAction outcome;
                IReadOnlyList<MeasuredStatement> after = now;
                try
                {
                    var statements = new List<AppliedStatement>();
                    foreach (var statement in action.Do)
                    {
                        Say(action.Title, statement);
                        statements.Add(await session.ExecuteAsync(statement, cancellation));
                    }

                    journal.Append(new JournalEntry { Event = JournalEvent.Applied, Action = action.Id, Target = _target });
                    Say(action.Title, "measuring again");
                    after = await WorkloadMeasurement.RunAsync(database, workload, options.Repeats, cancellation);
                    var written = data != (data = await DataFingerprint.ReadAsync(database, tables, cancellation));
                    outcome = Judge(action, statements, now, await RewrittenAsync(action, after, cancellation), written);
                }
                catch (Exception e) when (e is DbException or InvalidOperationException or IOException or OperationCanceledException or PoolExhaustedException)
                {
                    Say(action.Title, "taking back");
                    await UndoAsync(journal, action);
                    if (e is OperationCanceledException)
                    {
                        journal.Append(new JournalEntry { Event = JournalEvent.End });
                        throw;
                    }

                    journal.Append(new JournalEntry { Event = JournalEvent.Verdict, Action = action.Id, Verdict = "failed", Reason = Plain(e) });
                    journal.Append(new JournalEntry { Event = JournalEvent.End });
                    throw new TuningException($"{action.Id} failed and was taken back: {Plain(e)}", e);
                }

                if (outcome.Kept)
                {
                    now = after;
                }
                else
                {
                    await UndoAsync(journal, action);
                }

                applied.Add(outcome);
                journal.Append(new JournalEntry { Event = JournalEvent.Verdict, Action = action.Id, Verdict = outcome.Kept ? "kept" : "rolled back", Reason = outcome.Reason });
                Say(action.Title, (outcome.Kept ? "kept: " : "taken back: ") + outcome.Reason, finished: true);
            }

            journal.Append(new JournalEntry { Event = JournalEvent.End });
            if (Directory.Exists(folder.Scratch))
            {
                Directory.Delete(folder.Scratch, recursive: true);
            }

            return new DatabaseApplyReport(folder.Id, recovered, applied, before, now);
        }

        /// <summary>An action that needs the service to send another statement is judged by that one: it must give the same answer with less work.</summary>
        async Task<IReadOnlyList<MeasuredStatement>> RewrittenAsync(DatabaseAction action, IReadOnlyList<MeasuredStatement> after, CancellationToken cancellation)
        {
            if (action.Rewritten is not { } sql || action.Evidence.Serves is not [var served, ..] || workload.FirstOrDefault(q => q.Sql == served.Sql) is not { } query)
            {
                return after;
            }

            var instead = await WorkloadMeasurement.RunAsync(database, [query with { Sql = sql, Example = sql }], options.Repeats, cancellation);
            return [.. after.Select(m => m.Sql == served.Sql && instead is [var other] ? other with { Sql = served.Sql } : m)];
        }

        /// <summary>On connections of its own: the session may be the thing that was lost. Not cancellable.</summary>
        async Task UndoAsync(TuningJournal journal, DatabaseAction action)
        {
            try
            {
                await TunedDatabase.ExecuteAsync(address, action.Undo, CancellationToken.None);
            }
            catch (Exception e) when (e is TuningException or DbException or PoolExhaustedException)
            {
                throw new TuningException($"{action.Id} could not be taken back ({e.Message}); it is in the journal: the next 'fettle db apply', or 'fettle rollback {folder.Id}', does it when the database answers again", e);
            }

            journal.Append(new JournalEntry { Event = JournalEvent.Undone, Action = action.Id, Target = _target });
        }

        AppliedAction Judge(DatabaseAction action, List<AppliedStatement> statements, IReadOnlyList<MeasuredStatement> before, IReadOnlyList<MeasuredStatement> after, bool written)
        {
            var pairs = before.Zip(after).ToList();
            // The statements that the action is for, by the advisor's own account; where it has none, those whose plan changed.
            var served = pairs.Where(p => action.Evidence.Serves.Any(s => s.Sql == p.First.Sql) || p.First.Plan.ToTree() != p.Second.Plan.ToTree()).ToList();
            double Sum(Func<MeasuredStatement, double> of, bool first) => served.Sum(p => p.First.Calls * of(first ? p.First : p.Second));
            var (work0, work1, ms0, ms1) = (Sum(m => m.Work, true), Sum(m => m.Work, false), Sum(m => m.Milliseconds, true), Sum(m => m.Milliseconds, false));
            var changed = pairs.Find(p => p.First.Answer != p.Second.Answer);
            var makesIndex = action.Id.StartsWith("index.", StringComparison.Ordinal) || action.Id.EndsWith(".brin", StringComparison.Ordinal);
            var (kept, reason) = true switch
            {
                _ when changed.First is not null && !(written && makesIndex) => (false, written ? $"rows were written while the table was rebuilt; try again when nothing writes to it: {changed.First.Sql}" : $"an answer changed: {changed.First.Sql}"),
                _ when served.Count == 0 => (false, "no plan of the workload changed"),
                _ when makesIndex && !served.Exists(p => p.Second.Plan.Indexes.Contains(action.Evidence.Object)) => (false, $"no plan uses {action.Evidence.Object}"),
                _ when work1 > (1 - options.LeastGain) * work0 => (false, string.Create(CultureInfo.InvariantCulture, $"the work of {served.Count} statements went from {work0:0} to {work1:0}")),
                _ when ms1 > 1.1 * ms0 => (false, string.Create(CultureInfo.InvariantCulture, $"less work, but the time went from {ms0:0.#} to {ms1:0.#} ms")),
                _ => (true, string.Create(CultureInfo.InvariantCulture, $"{work0 / Math.Max(1, work1):0.#} times less work, {ms0 / Math.Max(1e-6, ms1):0.#} times less time in {served.Count} statements")),
            };
            return new AppliedAction(action, kept, reason, statements, work0, work1, ms0, ms1);
        }

        void Say(string stage, string detail, bool finished = false) => progress?.Report(new TuningProgress(stage, detail, finished));
    }
}
