using System.CommandLine;
using System.Text.Json.Nodes;
using Fettle.Databases;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Databases;

/// <summary>Verbs that read the workload: advise, slow, plan.</summary>
internal static class DbAdvice
{
    public static Command Advise()
    {
        var command = new Command("advise", "Propose indexes, layouts, settings and batched statements, with evidence. Changes nothing.");
        var options = new DbOptions().AddTo(command, workload: true);
        var budget = new Option<double?>("--budget") { Description = "Most megabytes of new indexes; default: the size of the data" };
        var most = new Option<int>("--most") { Description = "Most indexes, 1-200", DefaultValueFactory = _ => 20 };
        var sql = new Option<bool>("--sql") { Description = "Print the statements to run, and those that take them back" };
        command.Options.Add(budget);
        command.Options.Add(most);
        command.Options.Add(sql);
        command.SetAction(async (parse, cancellation) =>
        {
            await using var database = options.Open(parse);
            var workload = await options.WorkloadAsync(parse, database, required: true, cancellation);
            var advisor = Settings(parse.GetValue(budget), parse.GetValue(most));
            AdviceReport report;
            try
            {
                report = await IndexAdvisor.ReportAsync(database, workload, advisor, cancellation);
            }
            catch (InvalidOperationException e)
            {
                throw new UserErrorException(e.Message);
            }

            var layouts = await LayoutAdvisor.AdviseAsync(database, workload, cancellation);
            var settings = await SettingsAdvisor.AdviseAsync(database, Math.Max(64L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes), cancellation);
            var output = new DbOutput("advise", database);
            Show(output, database, workload, report, layouts, settings);
            var joins = await JoinAdvisor.AdviseAsync(database, workload, cancellation);
            if (joins.Count > 0)
            {
                output.Table("Joins worth keeping as tables", ["table", "saves", "staleness", "why", "the statement then"], joins.Select(j => new[]
                {
                    j.Action.Evidence.Object, FormattableString.Invariant($"{100 * j.Action.PredictedGain:0.#} %"), j.Staleness, DbOutput.Cut(j.Action.Why, 120), j.Rewritten,
                }));
            }

            if (parse.GetValue(sql))
            {
                Print(report.Actions.Concat(layouts).Concat(joins.Select(j => j.Action)));
            }

            output.Save(parse.GetValue(options.Json));
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Slow()
    {
        var command = new Command("slow", "The statements that take longest, by total time.");
        var options = new DbOptions().AddTo(command, workload: true);
        var threshold = new Option<double>("--threshold") { Description = "Only statements whose 95th percentile (or mean, where that is all there is) reaches these milliseconds", DefaultValueFactory = _ => 100 };
        command.Options.Add(threshold);
        command.SetAction(async (parse, cancellation) =>
        {
            await using var database = options.Open(parse);
            var workload = await options.WorkloadAsync(parse, database, required: true, cancellation);
            var limit = parse.GetValue(threshold);
            var slow = workload.Where(q => Math.Max(q.P95Ms, q.MeanMs) >= limit).OrderByDescending(q => q.TotalMs).ToList();
            var output = new DbOutput("slow", database);
            output.Table($"{slow.Count} of {workload.Count} statements reach {DbOutput.Number(limit)} ms", ["statement", "calls", "mean ms", "p95 ms", "total s", "rows/call", "called by"], slow.Take(50).Select(q => new[]
            {
                DbOutput.Cut(q.Sql), DbOutput.Number(q.Calls), DbOutput.Number(q.MeanMs), DbOutput.Number(q.P95Ms), DbOutput.Number(q.TotalMs / 1000), DbOutput.Number((double)q.Rows / Math.Max(1, q.Calls)), q.Endpoints.Count > 0 ? q.Endpoints[0].Name : "",
            }));
            output.Save(parse.GetValue(options.Json));
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Plan()
    {
        var command = new Command("plan", "Explain a statement as a tree.");
        var options = new DbOptions().AddTo(command, workload: false);
        var text = new Argument<string>("sql") { Description = "The statement; parameters may stay" };
        var analyze = new Option<bool>("--analyze") { Description = "PostgreSQL: run it and show actual rows" };
        command.Arguments.Add(text);
        command.Options.Add(analyze);
        command.SetAction(async (parse, cancellation) =>
        {
            await using var database = options.Open(parse);
            try
            {
                var sql = parse.GetValue(text)!;
                var plan = await PlanExplainer.ExplainAsync(database, new RecordedQuery { Sql = sql, Example = sql }, parse.GetValue(analyze), cancellation);
                Console.Out.Write(plan.ToTree());
                var output = new DbOutput("plan", database);
                output.Data["plan"] = JsonNode.Parse(plan.ToJson());
                output.Save(parse.GetValue(options.Json));
                return ExitCode.Ok;
            }
            catch (InvalidOperationException e)
            {
                throw new UserErrorException(e.Message);
            }
        });
        return command;
    }

    internal static void Show(DbOutput output, Database database, IReadOnlyList<RecordedQuery> workload, AdviceReport report, IReadOnlyList<DatabaseAction> layouts, IReadOnlyList<SettingAdvice> settings)
    {
        var saved = report.CostBefore <= 0 ? 0 : 100 * (1 - report.CostAfter / report.CostBefore);
        output.Table($"Indexes ({report.Candidates} considered, {report.Plans} plans priced)", ["index", "saves", "faster", "size", "insert ×", "why"], report.Actions.Select(a => new[]
        {
            a.Title, FormattableString.Invariant($"{100 * a.PredictedGain:0.#} %"), Faster(a), DbOutput.Size(a.Evidence.Bytes), DbOutput.Number(a.Evidence.WriteAmplification), DbOutput.Cut(a.Why, 120),
        }), FormattableString.Invariant($"All together save {saved:0.#} % of the workload's cost, upkeep counted.") + (report.Skipped.Count == 0 ? "" : $" {report.Skipped.Count} statements could not be explained."));
        if (layouts.Count > 0)
        {
            output.Table("Layouts (alternatives to an index on the same table)", ["change", "saves", "faster", "size", "insert ×", "risk", "why"], layouts.Select(a => new[]
            {
                a.Title, FormattableString.Invariant($"{100 * a.PredictedGain:0.#} %"), Faster(a), DbOutput.Size(a.Evidence.Bytes), DbOutput.Number(a.Evidence.WriteAmplification), a.Risk, DbOutput.Cut(a.Why, 240),
            }));
        }

        var loops = RepeatedQuery.Find(workload, database.Engine);
        if (loops.Count > 0)
        {
            output.Table("Statements repeated within a request", ["endpoint", "per request", "statement", "asked once"], loops.Select(l => new[] { l.Endpoint, DbOutput.Number(l.CallsPerRequest), DbOutput.Cut(l.Sql, 60), DbOutput.Cut(l.BatchedSql ?? "", 80) }));
        }

        if (settings.Count > 0)
        {
            output.Table("Settings", ["setting", "now", "proposed", "stays", "why"], settings.Select(s => new[] { s.Name, s.Current, s.Proposed, s.Persistent ? "with the database" : "per connection", s.Why }));
        }
    }

    /// <summary>Time of the served statements before ÷ after, as foretold with pages in memory.</summary>
    static string Faster(DatabaseAction action)
    {
        var after = action.Evidence.Serves.Sum(s => s.Calls * s.MillisecondsAfter);
        return after <= 0 ? "" : FormattableString.Invariant($"{action.Evidence.Serves.Sum(s => s.Calls * s.MillisecondsBefore) / after:0.#}×");
    }

    internal static AdvisorOptions Settings(double? megabytes, int most)
    {
        try
        {
            return new AdvisorOptions { StorageBudget = megabytes is null ? null : (long)(megabytes.Value * 1048576), MaxIndexes = most };
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new UserErrorException(e.Message.Split('\n')[0], ExitCode.Usage);
        }
    }

    internal static void Print(IEnumerable<DatabaseAction> actions)
    {
        foreach (var action in actions)
        {
            Console.Out.WriteLine($"-- {action.Id}: {action.Title}");
            foreach (var statement in action.Do)
            {
                Console.Out.WriteLine(statement + ";");
            }

            foreach (var statement in action.Undo)
            {
                Console.Out.WriteLine($"-- undo: {string.Join(' ', statement.Split('\n', StringSplitOptions.TrimEntries))};");
            }
        }
    }
}
