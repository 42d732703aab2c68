using System.CommandLine;
using System.Globalization;
using Fettle.Databases;
using Fettle.Services.Stocks.BatchRuns;
using Fettle.Services.Stocks.Models;
using Fettle.Services.Stocks.Schema;
using Fettle.Services.Stocks.Serving;
using Fettle.Shared.Verbs;

namespace Fettle.Services.Host;

/// <summary><c>fettle run stocks --date D</c>: scores all stocks; asked again after a kill it goes on where it was.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var command = new Command("run", "Run a service's batch job.");
        command.Subcommands.Add(CreateStocks());
        return command;
    }

    static Command CreateStocks()
    {
        var date = new Option<string>("--date") { Description = "Prediction date (yyyy-MM-dd).", Required = true };
        var database = new Option<string>("--database") { Description = "sqlite:FILE or postgres:CONNECTION.", DefaultValueFactory = _ => "sqlite:stocks.db" };
        var models = new Option<string?>("--models") { Description = "Folder of model versions; default the one built with the service." };
        var runs = new Option<string?>("--runs") { Description = "Folder of the CSV file; default stocks-runs beside the database." };
        var codes = new Option<string[]>("--codes") { Description = "Only these codes.", AllowMultipleArgumentsPerToken = true };
        var command = new Command("stocks", "Scores all active stocks as of a date.") { date, database, models, runs, codes };
        command.SetAction(async (parse, cancellation) =>
        {
            var day = Dates.ParseOption("--date", parse.GetValue(date))!.Value;
            var address = DatabaseTargets.ParseExisting(parse.GetValue(database)!);
            var options = new StocksOptions { Database = address, RunsFolder = parse.GetValue(runs) };
            var serving = new ServingModels(parse.GetValue(models) ?? options.ModelsFolder);
            var model = serving.Current(compiled: true)
                ?? throw new UserErrorException($"no model is loaded: {serving.LastReload.Problem}");
            var only = parse.GetValue(codes) is { Length: > 0 } given ? given : null;
            await using var open = Database.Open(address);
            var report = await UserErrors.FromDataAsync(async () =>
            {
                await using (var connection = await open.OpenWriteAsync(cancellation))
                {
                    await StocksSchema.CreateAsync(connection, open.Engine, cancellation);
                }

                var runner = new BatchRunner(open, options.RunsFolderOrDefault, TimeProvider.System);
                var (run, resumed) = await runner.BeginAsync(day, model.Version, only, cancellation);
                Console.Error.WriteLine($"{(resumed ? "resuming" : "beginning")} run {run.RunId}");
                return await Progress.RunAsync("stocks", 100, progress =>
                    runner.RunAsync(run, resumed, model, (done, total) => progress?.Report(100 * done / Math.Max(1, total)), cancellation));
            });
            Print(report);
            return ExitCode.Ok;
        });
        return command;
    }

    static void Print(BatchRunReport report)
    {
        var run = report.Run;
        Write($"run           {run.RunId}{(report.Resumed ? $" (resumed; {report.ScoredBefore:N0} were done before)" : "")}");
        Write($"date, model   {run.Date:yyyy-MM-dd}, {run.ModelVersion}");
        Write($"stocks        {run.Total:N0}: {run.Scored:N0} scored, {run.Skipped:N0} skipped");
        foreach (var (reason, count) in report.SkippedByReason)
        {
            Write($"  skipped     {count:N0} {reason}");
        }

        Write($"seconds       {report.Elapsed.TotalSeconds:F1} ({report.Loading.TotalSeconds:F1} loading), {report.StocksPerSecond:N0} stocks/s");
        Write($"CPU-seconds   {report.CpuSeconds:F1}, peak memory {report.PeakMemoryBytes / (1024.0 * 1024):N0} MiB");
        Write($"results       {run.CsvPath}");
        Write($"top {report.Top.Count}");
        foreach (var (top, rank) in report.Top.Select((t, i) => (t, i + 1)))
        {
            Write($"  {rank,2}  {top.BseCode}  {top.NseSymbol ?? "-",-20} {top.Probability:F4} {top.Confidence,-6} {top.Industry}");
        }
    }

    static void Write(FormattableString line) => Console.Out.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
