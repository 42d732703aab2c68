using System.CommandLine;
using Fettle.Databases;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Databases;

/// <summary><c>fettle db bench</c>: times the workload as it is.</summary>
internal static class DbBench
{
    public static Command Create()
    {
        var command = new Command("bench", "Run the reading statements of the workload and show their time, work and plans. Changes nothing.");
        var options = new DbOptions().AddTo(command, workload: true);
        var repeats = new Option<int>("--repeats") { Description = "Timed calls of each statement, 1-10000", DefaultValueFactory = _ => 20 };
        command.Options.Add(repeats);
        command.SetAction(async (parse, cancellation) =>
        {
            await using var database = options.Open(parse);
            var workload = await options.WorkloadAsync(parse, database, required: true, cancellation);
            try
            {
                var measured = await WorkloadMeasurement.RunAsync(database, workload, parse.GetValue(repeats), cancellation);
                var output = new DbOutput("bench", database);
                output.Table(
                    $"{measured.Count} of {workload.Count} statements, {await database.DescribeEngineAsync(cancellation)}",
                    ["statement", "median ms", "rows", "work", "indexes"],
                    measured.OrderByDescending(m => m.Calls * m.Milliseconds).Select(m => new[] { DbOutput.Cut(m.Sql, 70), FormattableString.Invariant($"{m.Milliseconds:0.000}"), DbOutput.Number(m.Rows), DbOutput.Number(m.Work), string.Join(", ", m.Plan.Indexes) }),
                    measured.Count == workload.Count ? null : "Left out: statements that write, and those with a parameter that was never sampled.");
                output.Save(parse.GetValue(options.Json));
                return ExitCode.Ok;
            }
            catch (ArgumentOutOfRangeException e)
            {
                throw new UserErrorException($"--repeats: {e.Message.Split('\n')[0]}", ExitCode.Usage);
            }
            catch (InvalidOperationException e)
            {
                throw new UserErrorException(e.Message);
            }
        });
        return command;
    }
}
