using System.Net;
using System.Text.Json;
using Fettle.Databases;
using Microsoft.AspNetCore.Builder;

namespace Fettle.AspNetCore.Tests;

public sealed class PoolExhaustionTests
{
    [Fact]
    public async Task ExhaustedPool_Is503WithRetryAfter_AndShowsInTheMetrics()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-pool-");
        try
        {
            await using var database = Database.Open(DatabaseAddress.Parse("sqlite:" + Path.Combine(folder.FullName, "t.db")), new DatabaseOptions { MaxConnections = 1, Burst = 0, AcquireTimeout = TimeSpan.FromMilliseconds(20) });
            await (await database.OpenWriteAsync()).DisposeAsync();
            await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapGet("/rows", async () =>
            {
                await using var connection = await database.OpenReadAsync();
                return "rows";
            }));
            await using (await database.OpenReadAsync())
            {
                using var answer = await service.Client.GetAsync("/rows");
                answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
                answer.Headers.RetryAfter!.Delta!.Value.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1));
                using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
                problem.RootElement.GetProperty("type").GetString().ShouldBe("urn:fettle:problem:database-busy");
            }

            (await service.Client.GetStringAsync("/rows")).ShouldBe("rows");
            var metrics = await service.Client.GetStringAsync("/metrics");
            metrics.ShouldContain("db_client_connection_timeouts");
            metrics.ShouldContain("db_client_connection_wait_time");
            metrics.ShouldContain("pool_name=\"read\"");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
