using Fettle.Databases;
using Fettle.Services.Stocks.Sampling;
using Fettle.Services.Stocks.Serving;
using Fettle.Testing;

namespace Fettle.Services.Tests.Stocks;

[Trait("Category", "Slow")]
public sealed class PostgresTests
{
    [RequiresPostgresServerFact]
    public async Task SameUniverse_GivesTheSameAnswersOnBothEngines()
    {
        await using var server = await PostgresServer.StartAsync();
        var address = DatabaseAddress.Parse("postgres:" + server.ConnectionString());
        SampleWriter.Write(new SampleOptions { Stocks = 40, Days = 120 }, calendar => new PostgresUniverseWriter(address.Value, calendar), null, default);
        var folder = Directory.CreateTempSubdirectory("fettle-stocks-").FullName;
        await using var postgres = await StocksHost.StartAsync(new StocksOptions { Database = address, ModelsFolder = StocksHost.CopyModels(folder), RunsFolder = folder }, folder);
        await using var sqlite = await StocksHost.OverSampleAsync();
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 12; i++)
            {
                var body = $$"""{"bse_code":"{{500_000 + 7 * i}}","prediction_date":"2025-09-30","include_features":true}""";
                (await postgres.AnswerAsync("/api/v1/predict", body)).ShouldBe(await sqlite.AnswerAsync("/api/v1/predict", body));
            }

            var items = string.Join(',', Enumerable.Range(0, 12).Select(i => $$"""{"bse_code":"{{500_000 + 7 * i}}","prediction_date":"2025-08-20","include_features":true}"""));
            var batch = $$"""{"predictions":[{{items}}]}""";
            (await postgres.AnswerAsync("/api/v1/batch_predict", batch)).ShouldBe(await sqlite.AnswerAsync("/api/v1/batch_predict", batch));
            await postgres.SwitchAsync("batched-loading", true);
            await postgres.SwitchAsync("connection-pooling", true);
        }

        var (status, run, response) = await postgres.PostAsync("/api/v1/batch_runs", """{"date":"2025-09-30"}""");
        status.ShouldBe(202);
        do
        {
            run = System.Text.Json.Nodes.JsonNode.Parse(await postgres.Client.GetStringAsync(response.Headers.Location));
        }
        while (run!["status"]!.GetValue<string>() is "queued" or "running");
        run["status"]!.GetValue<string>().ShouldBe("completed", run.ToJsonString());
    }
}

public sealed class RequiresPostgresServerFactAttribute() : RequiresFactAttribute(PostgresServer.Missing);
