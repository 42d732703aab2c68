using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fettle.Databases;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore.Tests;

/// <summary>The documents of the admin endpoints, frozen.</summary>
public sealed class ContractTests
{
    [Fact]
    public async Task Info_IsTheGoldenContract()
    {
        var file = Path.Combine(Path.GetTempPath(), $"fettle-info-{Guid.NewGuid():N}.db");
        try
        {
            await using var database = Database.Open(DatabaseAddress.Parse($"sqlite:{file}"));
            await using var service = await ServiceUnderTest.StartAsync(build: b => b.Services.AddSingleton(database));

            var info = JsonNode.Parse(await service.Admin.GetStringAsync("/fettle/info"))!;
            info["pid"]!.GetValue<int>().ShouldBe(Environment.ProcessId);
            info["database"]!["address"]!.GetValue<string>().ShouldContain(file);
            info["pid"] = 1;
            info["version"] = "0";
            info["runtime"] = ".NET";
            info["processors"] = 2;
            info["startedAt"] = "2026-01-02T03:04:05Z";
            info["database"]!["address"] = "sqlite:FILE";

            Golden.Matches("info.json", info);
        }
        finally
        {
            foreach (var left in Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(file) + "*"))
            {
                File.Delete(left);
            }
        }
    }

    [Fact]
    public async Task Metrics_AreTheGoldenContract()
    {
        using var meter = new Meter("Fettle.Tests.Contract");
        await using var service = await ServiceUnderTest.StartAsync();
        meter.CreateCounter<long>("fettle.contract.requests", "{request}", "Requests of the contract").Add(3, new("tier", "memory"), new("result", "hit"));
        meter.CreateGauge<double>("fettle.contract.used", "By", "Bytes of the contract").Record(1.5);
        meter.CreateHistogram<double>("fettle.contract.took", "s", "Time of the contract").Record(0.002);

        var document = JsonNode.Parse(await service.Admin.GetStringAsync("/fettle/metrics"))!;
        foreach (var other in document["instruments"]!.AsArray().Where(i => !((string)i!["name"]!).StartsWith("fettle_contract", StringComparison.Ordinal)).ToArray())
        {
            document["instruments"]!.AsArray().Remove(other);
        }

        Golden.Matches("metrics.json", document);
    }

    [Fact]
    public async Task Loads_AreTheGoldenContract()
    {
        var state = Directory.CreateTempSubdirectory("fettle-loads-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(state, "loads"));
            File.WriteAllText(Path.Combine(state, "loads", "steady.json"), """{"schema":"fettle.result/1","kind":"load","name":"steady","startedAt":"2026-01-02T03:04:05Z","durationSeconds":30.5,"tables":[]}""");
            await using var service = await ServiceUnderTest.StartAsync(o => o.StateFolder = state);

            Golden.Matches("loads.json", JsonNode.Parse(await service.Admin.GetStringAsync("/fettle/loads"))!);
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }
    }

    [Fact]
    public async Task Info_NeverShowsAPassword()
    {
        await using var database = Database.Open(DatabaseAddress.Parse("postgres:Host=127.0.0.1;Port=1;Username=u;Password=hunter2;Database=d"));
        await using var service = await ServiceUnderTest.StartAsync(build: b => b.Services.AddSingleton(database));

        (await service.Admin.GetStringAsync("/fettle/info")).ShouldNotContain("hunter2");
    }

    [Fact]
    public void Queries_AreTheGoldenContract()
    {
        var document = new RecordedQueryDocument
        {
            Queries =
            [
                new RecordedQuery
                {
                    Sql = "SELECT close FROM price_movements WHERE bse_code = ?",
                    Example = "SELECT close FROM price_movements WHERE bse_code = @code",
                    Calls = 10, Rows = 3650, Errors = 1, TotalMs = 20, MeanMs = 2, P50Ms = 1.5, P95Ms = 4, P99Ms = 5, MaxMs = 5.5,
                    HistogramUpperMs = [1, 2], HistogramCounts = [4, 6],
                    Tables = ["price_movements"],
                    Endpoints = [new RecordedEndpoint("POST /api/v1/predict", 10, 5, 2)],
                    Samples = [new Dictionary<string, JsonElement> { ["@code"] = JsonDocument.Parse("500325").RootElement }],
                },
            ],
        };

        Golden.Matches("queries.json", JsonNode.Parse(document.ToJson())!);
        RecordedQueryDocument.Parse(document.ToJson()).ToJson().ShouldBe(document.ToJson());
    }

    [Fact]
    public async Task Queries_AreWhatTheServiceRanAndDeleteForgetsThem()
    {
        var file = Path.Combine(Path.GetTempPath(), $"fettle-queries-{Guid.NewGuid():N}.db");
        try
        {
            await using var database = Database.Open(DatabaseAddress.Parse($"sqlite:{file}"));
            await (await database.OpenWriteAsync(default)).DisposeAsync();
            await using var service = await ServiceUnderTest.StartAsync(
                build: b => b.Services.AddSingleton(database),
                map: app => Microsoft.AspNetCore.Builder.EndpointRouteBuilderExtensions.MapGet(app, "/answer/{id}", async (int id) =>
                {
                    await using var connection = await database.OpenReadAsync(default);
                    await using var command = connection.CreateCommand();
                    command.CommandText = "SELECT @id + 1";
                    var parameter = command.CreateParameter();
                    parameter.ParameterName = "@id";
                    parameter.Value = id;
                    command.Parameters.Add(parameter);
                    return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
                }));
            await service.Client.GetStringAsync("/answer/1");
            await service.Client.GetStringAsync("/answer/2");

            var recorded = RecordedQueryDocument.Parse(await service.Admin.GetStringAsync("/fettle/queries")).Queries.Single(q => q.Example.Contains("@id", StringComparison.Ordinal));
            recorded.Calls.ShouldBe(2);
            recorded.Endpoints.Single().Name.ShouldBe("GET /answer/{id}");

            await service.Admin.DeleteAsync("/fettle/queries");
            RecordedQueryDocument.Parse(await service.Admin.GetStringAsync("/fettle/queries")).Queries.ShouldBeEmpty();
        }
        finally
        {
            foreach (var left in Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(file) + "*"))
            {
                File.Delete(left);
            }
        }
    }
}
