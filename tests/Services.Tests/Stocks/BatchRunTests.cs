using System.Text.Json.Nodes;
using Fettle.Databases;
using Fettle.Services.Stocks.BatchRuns;
using Fettle.Services.Stocks.Models;

namespace Fettle.Services.Tests.Stocks;

public sealed class BatchRunTests : IDisposable
{
    static readonly DateOnly Date = new(2025, 9, 30);
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-runs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task RunThatWasCutOff_GoesOnBehindItsLastChunkAndEndsAsIfNothingHappened()
    {
        var file = Path.Combine(_folder, "s.db");
        StocksHost.Write(file, 1200, 45);
        var model = new ServingModels(StocksHost.CopyModels(_folder)).Current(compiled: false)!;
        await using var database = Database.Open(DatabaseAddress.Parse("sqlite:" + file));
        await using (var connection = await database.OpenWriteAsync())
        {
            await Services.Stocks.Schema.StocksSchema.CreateAsync(connection, database.Engine);
        }

        var runner = new BatchRunner(database, _folder, TimeProvider.System);
        using var cut = new CancellationTokenSource();
        var (run, resumed) = await runner.BeginAsync(Date, model.Version, null, default);
        resumed.ShouldBeFalse();
        await Should.ThrowAsync<OperationCanceledException>(() => runner.RunAsync(run, false, model, (_, _) => cut.Cancel(), cut.Token));

        var (again, isResumed) = await runner.BeginAsync(Date, model.Version, null, default);
        (again.RunId, isResumed).ShouldBe((run.RunId, true));
        var report = await runner.RunAsync(again, true, model, null, default);
        report.ScoredBefore.ShouldBe(500);
        (report.Run.Scored + report.Run.Skipped).ShouldBe(report.Run.Total);
        var resumedLines = File.ReadAllLines(report.Run.CsvPath!);

        var (fresh, isNew) = await runner.BeginAsync(Date, model.Version, null, default);
        isNew.ShouldBeFalse();
        var whole = await runner.RunAsync(fresh, false, model, null, default);
        File.ReadAllLines(whole.Run.CsvPath!).ShouldBe(resumedLines);
        whole.Run.Scored.ShouldBe(resumedLines.Length - 1);
        whole.Top.Count.ShouldBe(20);
        whole.SkippedByReason.Values.Sum().ShouldBe(whole.Run.Skipped);
    }

    [Fact]
    public async Task RunOverHttp_IsAcceptedAndItsPredictionsEqualTheEndpoints()
    {
        await using var host = await StocksHost.OverSampleAsync(20);
        var (status, body, response) = await host.PostAsync("/api/v1/batch_runs", """{"date":"2025-09-30","codes":["500007","500014","500003"]}""");
        status.ShouldBe(202);
        response.Headers.Location!.ToString().ShouldBe("/api/v1/batch_runs/" + body!["run_id"]!.GetValue<string>());

        JsonNode run;
        do
        {
            run = JsonNode.Parse(await host.Client.GetStringAsync(response.Headers.Location))!;
        }
        while (run["status"]!.GetValue<string>() is "queued" or "running");

        run["status"]!.GetValue<string>().ShouldBe("completed");
        run["skipped_by_reason"]!["unknown-stock"]!.GetValue<int>().ShouldBe(1);
        foreach (var line in File.ReadAllLines(run["csv"]!.GetValue<string>()).Skip(1))
        {
            var fields = line.Split(',');
            var (_, prediction, _) = await host.PostAsync("/api/v1/predict", $$"""{"bse_code":"{{fields[0]}}","prediction_date":"2025-09-30"}""");
            prediction!["probability"]!.GetValue<double>().ToString("R").ShouldBe(fields[7]);
        }

        ((int)(await host.Client.GetAsync("/api/v1/batch_runs/none")).StatusCode).ShouldBe(404);
        (await host.PostAsync("/api/v1/batch_runs", """{"date":"soon"}""")).Status.ShouldBe(400);
        (await host.PostAsync("/api/v1/batch_runs", """{"date":"2025-09-30","codes":["1"]}""")).Status.ShouldBe(400);
    }
}
