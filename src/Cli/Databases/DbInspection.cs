using System.CommandLine;
using Fettle.Databases;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Databases;

/// <summary>Verbs that look at the database itself: indexes, tables, pool, health, report.</summary>
internal static class DbInspection
{
    public static Command Indexes()
    {
        var command = new Command("indexes", "All indexes, and which are duplicate, redundant, unused, invalid or missing.");
        var options = new DbOptions().AddTo(command, workload: false);
        command.SetAction(async (parse, cancellation) =>
        {
            await using var database = options.Open(parse);
            var output = new DbOutput("indexes", database);
            var tables = await TableReport.ReadAsync(database, cancellation);
            output.Table("Indexes", ["table", "index", "keys", "size", "used"], tables.SelectMany(t => t.Indexes.Select(i => new[] { t.Name, i.Name, i.Keys, i.Bytes == 0 ? "" : DbOutput.Size(i.Bytes), i.Scans is null ? "" : DbOutput.Number(i.Scans.Value) })));
            var review = await IndexReview.ReviewAsync(database, cancellation);
            output.Table("Review", ["finding", "why", "statement"], review.Select(r => new[] { r.Title, r.Why, r.Do[0] }));
            output.Save(parse.GetValue(options.Json));
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Tables()
    {
        var command = new Command("tables", "Rows and sizes of all tables.");
        var options = new DbOptions().AddTo(command, workload: false);
        command.SetAction(async (parse, cancellation) =>
        {
            await using var database = options.Open(parse);
            var output = new DbOutput("tables", database);
            var tables = await TableReport.ReadAsync(database, cancellation);
            output.Table(await database.DescribeEngineAsync(cancellation), ["table", "rows", "columns", "key", "size", "indexes", "size of indexes"], tables.Select(t => new[]
            {
                t.Name, DbOutput.Number(t.Rows), DbOutput.Number(t.Columns), t.Key, t.Bytes == 0 ? "" : DbOutput.Size(t.Bytes), DbOutput.Number(t.Indexes.Count), t.Indexes.Sum(i => i.Bytes) == 0 ? "" : DbOutput.Size(t.Indexes.Sum(i => i.Bytes)),
            }), "Rows are the engine's estimate where counting would read the whole table.");
            output.Save(parse.GetValue(options.Json));
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Pool()
    {
        var command = new Command("pool", "Measure throughput over pool sizes and advise one.");
        var options = new DbOptions().AddTo(command, workload: false);
        var sql = new Option<string>("--sql") { Description = "The statement to measure with", DefaultValueFactory = _ => "SELECT 1" };
        var seconds = new Option<double>("--seconds") { Description = "Seconds for each size, 0.1-60", DefaultValueFactory = _ => 1 };
        command.Options.Add(sql);
        command.Options.Add(seconds);
        command.SetAction(async (parse, cancellation) =>
        {
            await using var database = options.Open(parse);
            var each = parse.GetValue(seconds);
            if (each is < 0.1 or > 60)
            {
                throw new UserErrorException($"--seconds is {each}; it must lie between 0.1 and 60", ExitCode.Usage);
            }

            var curve = await PoolMeasurement.RunAsync(database.Address, parse.GetValue(sql)!, TimeSpan.FromSeconds(each), cancellation);
            var advice = PoolAdvice.FromCurve(curve);
            var output = new DbOutput("pool", database);
            output.Table("Throughput by connections", ["connections", "statements/s", "mean ms"], curve.Select(c => new[] { DbOutput.Number(c.Connections), DbOutput.Number(c.PerSecond), FormattableString.Invariant($"{c.Milliseconds:0.###}") }), $"Use {advice.Connections}: {advice.Why}.");
            output.Save(parse.GetValue(options.Json));
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Health(string name, string description)
    {
        var command = new Command(name, description);
        var options = new DbOptions().AddTo(command, workload: true);
        command.SetAction(async (parse, cancellation) =>
        {
            await using var database = options.Open(parse);
            var full = name == "report";
            var workload = await options.WorkloadAsync(parse, database, required: false, cancellation);
            var output = new DbOutput(name, database);
            try
            {
                var concerns = await DatabaseHealth.CheckAsync(database, workload, integrity: full, cancellation);
                output.Table($"{database.Address}, {await database.DescribeEngineAsync(cancellation)}", ["concern", "grade", "finding", "next best step"], concerns.Select(c => new[] { c.Name, c.Grade.ToString(), c.Finding, c.Next }),
                    workload.Count == 0 ? "Without a workload, missing indexes and slow statements are not graded: give --workload or --service." : null);
                if (full && workload.Count > 0)
                {
                    DbAdvice.Show(output, database, workload, await IndexAdvisor.ReportAsync(database, workload, null, cancellation), await LayoutAdvisor.AdviseAsync(database, workload, cancellation), await SettingsAdvisor.AdviseAsync(database, Math.Max(64L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes), cancellation));
                }
            }
            catch (InvalidOperationException e)
            {
                throw new UserErrorException(e.Message);
            }

            output.Save(parse.GetValue(options.Json));
            return ExitCode.Ok;
        });
        return command;
    }
}
