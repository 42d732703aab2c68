using System.Net;
using System.Text.Json.Nodes;
using Fettle.Databases;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore.Tests;

/// <summary>Advice, its application and its undo on a real database.</summary>
public sealed class AdviceEndpointsTests : IAsyncLifetime
{
    const string Sql = "SELECT v FROM readings WHERE device = @device";
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-advice-").FullName;
    Database _database = null!;

    public async Task InitializeAsync()
    {
        _database = Database.Open(DatabaseAddress.Parse("sqlite:" + Path.Combine(_folder, "d.db")));
        await using (var connection = await _database.OpenWriteAsync())
        {
            await using var command = connection.CreateCommand();
            command.CommandText = """
                CREATE TABLE readings (id INTEGER PRIMARY KEY, device TEXT, v REAL);
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                INSERT INTO readings (device, v) SELECT 'd' || (i % 2000), i FROM n;
                """;
            await command.ExecuteNonQueryAsync();
        }

        using (QueryRecorder.BeginEndpoint("GET /readings"))
        {
            for (var i = 0; i < 30; i++)
            {
                await using var connection = await _database.OpenReadAsync();
                await using var command = connection.CreateCommand();
                command.CommandText = Sql;
                var parameter = command.CreateParameter();
                (parameter.ParameterName, parameter.Value) = ("device", "d" + i);
                command.Parameters.Add(parameter);
                await using var reader = await command.ExecuteReaderAsync();
                while (await reader.ReadAsync())
                {
                }
            }
        }
    }

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    Task<ServiceUnderTest> StartAsync() => ServiceUnderTest.StartAsync(o => o.StateFolder = Path.Combine(_folder, "state"), b => b.Services.AddSingleton(_database));

    [Fact]
    public async Task OfferedIndex_IsAppliedAndUndone()
    {
        await using var service = await StartAsync();
        var id = (string)(await AdviceAsync(service))["offered"]![0]!["id"]!;
        (await service.Admin.PostAsync($"/fettle/advice/apply?id={id}", null)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await IndexesAsync()).ShouldBe(1);

        var advice = await AdviceAsync(service);
        advice["applied"]!.AsArray().Count.ShouldBe(1);
        (await service.Admin.PostAsync($"/fettle/advice/undo?id={id}", null)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await IndexesAsync()).ShouldBe(0);
        (await service.Admin.GetStringAsync("/fettle/audit")).ShouldContain($"apply {id}");
    }

    [Fact]
    public async Task AppliedAction_CanBeUndoneByTheNextProcess()
    {
        string id;
        await using (var first = await StartAsync())
        {
            id = (string)(await AdviceAsync(first))["offered"]![0]!["id"]!;
            await first.Admin.PostAsync($"/fettle/advice/apply?id={id}", null);
        }

        await File.AppendAllTextAsync(Path.Combine(_folder, "state", "dashboard.jsonl"), "{\"event\":\"int");
        await using var second = await StartAsync();
        (await second.Admin.PostAsync($"/fettle/advice/undo?id={id}", null)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await IndexesAsync()).ShouldBe(0);
    }

    [Theory]
    [InlineData("apply")]
    [InlineData("undo")]
    public async Task ActionThatNobodyOffered_Is404(string verb)
    {
        await using var service = await StartAsync();
        (await service.Admin.PostAsync($"/fettle/advice/{verb}?id=index.made.up", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Plan_IsOfRecordedStatementsOnly()
    {
        await using var service = await StartAsync();
        var shape = _database.Recorder.Snapshot().Single(q => q.Sql.StartsWith("SELECT v", StringComparison.Ordinal)).Sql;

        (await service.Admin.GetStringAsync("/fettle/plan?sql=" + Uri.EscapeDataString(shape))).ShouldContain("readings");
        (await service.Admin.GetAsync("/fettle/plan?sql=" + Uri.EscapeDataString("SELECT 1"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await service.Admin.GetAsync("/fettle/repeats")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("GET", "/fettle/advice")]
    [InlineData("GET", "/fettle/repeats")]
    [InlineData("GET", "/fettle/plan?sql=x")]
    [InlineData("POST", "/fettle/advice/apply?id=x")]
    public async Task WithoutDatabase_Is404(string method, string path)
    {
        await using var service = await ServiceUnderTest.StartAsync();
        var answer = await service.Admin.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("no-database");
    }

    static async Task<JsonNode> AdviceAsync(ServiceUnderTest service) => JsonNode.Parse(await service.Admin.GetStringAsync("/fettle/advice"))!;

    async Task<long> IndexesAsync()
    {
        await using var connection = await _database.OpenReadAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE type = 'index'";
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
