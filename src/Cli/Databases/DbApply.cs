using System.CommandLine;
using Fettle.Cli.Tuning;
using Fettle.Databases;
using Fettle.Shared.Verbs;
using Fettle.Tuning;
using Fettle.Tuning.Journal;

namespace Fettle.Cli.Databases;

/// <summary><c>fettle db apply</c> and <c>fettle db undo</c>: advice becomes a change, proven on the workload, with the way back in the journal.</summary>
internal static class DbApply
{
    public static Command Apply()
    {
        var command = new Command("apply", "Apply what advise proposes, one by one: measured before and after, kept when it helps, else taken back.");
        var options = new DbOptions().AddTo(command, workload: true);
        var only = new Option<string[]>("--only") { Description = "Only actions whose id contains one of these words", AllowMultipleArgumentsPerToken = true };
        var dry = new Option<bool>("--dry-run") { Description = "Print the statements and what stands against running them; change nothing" };
        var layouts = new Option<bool>("--layouts") { Description = "Also rewrite tables into the proposed layouts (they lock the table; SQLite keeps the original renamed)" };
        var joins = new Option<bool>("--joins") { Description = "Also keep the proposed joins as tables; the service must then send the statement printed with each" };
        var backup = new Option<string?>("--backup") { Description = "SQLite: copy the database to this file first, while it is in use; a layout needs it" };
        var accept = new Option<string?>("--accept") { Description = "Write what is kept to this file; a service applies it at its start (database.ensure)" };
        var most = new Option<int>("--most") { Description = "Most indexes of Fettle's making in the database, 0-1000", DefaultValueFactory = _ => ApplyGuard.IndexBudget };
        var budget = new Option<double?>("--budget") { Description = "Most megabytes of new indexes; default: the size of the data" };
        var state = TuneSettings.StateOption();
        foreach (var option in new Option[] { only, dry, layouts, joins, backup, accept, most, budget, state })
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parse, cancellation) =>
        {
            await using var database = options.Open(parse);
            var workload = await options.WorkloadAsync(parse, database, required: true, cancellation);
            var words = parse.GetValue(only) ?? [];
            try
            {
                var settings = new DatabaseApplyOptions { StateFolder = parse.GetValue(state)!, IndexBudget = parse.GetValue(most) };
                if (!parse.GetValue(dry))
                {
                    foreach (var line in await DatabaseApply.RecoverAsync(database.Address, settings, cancellation: cancellation))
                    {
                        Console.Out.WriteLine($"recovered  {line}");
                    }
                }

                var actions = (await IndexAdvisor.AdviseAsync(database, workload, DbAdvice.Settings(parse.GetValue(budget), Math.Clamp(parse.GetValue(most), 1, 200)), cancellation)).ToList();
                if (parse.GetValue(layouts))
                {
                    // Before the indexes: one that the layout makes needless is then built, found useless and taken back, not kept beside it.
                    actions.InsertRange(0, await LayoutAdvisor.AdviseAsync(database, workload, cancellation));
                }

                var kept = (await JoinAdvisor.AdviseAsync(database, workload, cancellation)).Where(j => words.Length == 0 || words.Any(w => j.Action.Id.Contains(w, StringComparison.OrdinalIgnoreCase))).ToList();
                if (parse.GetValue(joins))
                {
                    actions.AddRange(kept.Select(j => j.Action));
                    kept.Clear();
                }

                actions.RemoveAll(a => words.Length > 0 && !words.Any(w => a.Id.Contains(w, StringComparison.OrdinalIgnoreCase)));
                if (parse.GetValue(dry))
                {
                    DbAdvice.Print(actions);
                    foreach (var problem in await ApplyGuard.CheckAsync(database, actions, settings.IndexBudget, cancellation))
                    {
                        Console.Out.WriteLine($"-- stands against it: {problem}");
                    }

                    Left(kept, "-- ");
                    return ExitCode.Ok;
                }

                if (actions.Count == 0)
                {
                    Console.Out.WriteLine(kept.Count > 0 ? "nothing to apply that leaves the service's statements as they are" : "nothing to apply: the workload is served as well as it can be");
                    Left(kept, "");
                    return ExitCode.NoneKept;
                }

                await BackUpAsync(database, actions, parse.GetValue(backup), cancellation);
                var progress = new Progress(line => Console.Error.WriteLine(line));
                var report = await DatabaseApply.RunAsync(database.Address, actions, workload, settings, progress, cancellation: cancellation);
                var output = new DbOutput("apply", database);
                Show(output, report);
                Left(kept, "");
                if (parse.GetValue(accept) is { } file)
                {
                    AcceptedAdvice.Add(file, report.Actions.Where(a => a.Kept).Select(a => a.Action));
                    Console.Error.WriteLine($"accepted: {file}");
                }

                output.Save(parse.GetValue(options.Json));
                return report.Actions.Any(a => a.Kept) ? ExitCode.Ok : ExitCode.NoneKept;
            }
            catch (Exception e) when (e is TuningException or InvalidOperationException or InvalidDataException or ArgumentOutOfRangeException or IOException or FormatException)
            {
                throw new UserErrorException(e.Message.Split('\n')[0], e is ArgumentOutOfRangeException ? ExitCode.Usage : ExitCode.Error);
            }
        });
        return command;
    }

    public static Command Undo()
    {
        var command = RollbackCommand.Create();
        var undo = new Command("undo", "Take back what apply or tune did (the same as fettle rollback).");
        foreach (var argument in command.Arguments)
        {
            undo.Arguments.Add(argument);
        }

        foreach (var option in command.Options)
        {
            undo.Options.Add(option);
        }

        undo.Action = command.Action;
        return undo;
    }

    /// <summary>A kept join serves no statement as it is: only who changes the service may decide for it.</summary>
    static void Left(List<JoinAdvice> joins, string prefix)
    {
        foreach (var join in joins)
        {
            Console.Out.WriteLine($"{prefix}not applied: {join.Action.Title}. No engine reads it in the place of the joined tables; where the service can send the statement below, apply with --joins");
            Console.Out.WriteLine($"{prefix}  {string.Join(' ', join.Rewritten.Split('\n', StringSplitOptions.TrimEntries))}");
        }
    }

    static async Task BackUpAsync(Database database, List<DatabaseAction> actions, string? file, CancellationToken cancellation)
    {
        if (file is not null)
        {
            await DatabaseMaintenance.BackupAsync(database, file, cancellation);
            Console.Error.WriteLine($"backed up to {file}");
        }
        else if (database.Engine == DatabaseEngine.Sqlite && actions.Exists(a => a.Risk != "low" && a.Rewritten is null))
        {
            throw new UserErrorException("a layout rewrites a table: give --backup FILE for a copy taken before it", ExitCode.Usage);
        }
    }

    static void Show(DbOutput output, DatabaseApplyReport report)
    {
        output.Table(
            $"Run {report.Run}",
            ["action", "verdict", "why", "ms", "waited for locks ms", "blocked others ms"],
            report.Actions.Select(a => new[] { a.Action.Title, a.Kept ? "kept" : "taken back", a.Reason, DbOutput.Number(a.Statements.Sum(s => s.Milliseconds)), DbOutput.Number(a.Statements.Sum(s => s.WaitedMilliseconds)), DbOutput.Number(a.Statements.Sum(s => s.BlockedMilliseconds)) }),
            $"Taken back by: fettle db undo {report.Run}");
        foreach (var action in report.Actions.Where(a => a.Kept && a.Action.Rewritten is not null))
        {
            Console.Out.WriteLine($"{action.Action.Evidence.Object} serves only what the service now sends:");
            Console.Out.WriteLine($"  {string.Join(' ', action.Action.Rewritten!.Split('\n', StringSplitOptions.TrimEntries))}");
        }

        output.Table("Before and after", ["statement", "calls", "ms before", "ms after", "work before", "work after", "same answer"], report.Before.Zip(report.After).Select(p => new[]
        {
            DbOutput.Cut(p.First.Sql, 60), DbOutput.Number(p.First.Calls), Three(p.First.Milliseconds), Three(p.Second.Milliseconds), DbOutput.Number(p.First.Work), DbOutput.Number(p.Second.Work), p.First.Answer == p.Second.Answer ? "yes" : "no",
        }), "Work: steps of SQLite's machine, or pages touched on PostgreSQL; it does not depend on how busy the machine is.");
        foreach (var (first, second) in report.Before.Zip(report.After).Where(p => p.First.Plan.ToTree() != p.Second.Plan.ToTree()))
        {
            Console.Out.WriteLine(DbOutput.Cut(first.Sql, 120));
            Console.Out.Write(QueryPlan.SideBySide(first.Plan, second.Plan));
        }
    }

    static string Three(double value) => FormattableString.Invariant($"{value:0.000}");

    sealed class Progress(Action<string> write) : IProgress<TuningProgress>
    {
        public void Report(TuningProgress value) => write($"{value.Stage}: {string.Join(' ', value.Detail.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))}");
    }
}
