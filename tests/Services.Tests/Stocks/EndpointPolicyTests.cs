using Fettle.AspNetCore;
using Fettle.Services.Stocks.Serving;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;

namespace Fettle.Services.Tests.Stocks;

/// <summary>Every endpoint of the service with who may use it. A new one fails here until somebody decides (docs/security.md).</summary>
public sealed class EndpointPolicyTests
{
    static readonly string[] Expected =
    [
        "DELETE /fettle/cache: admin token",
        "DELETE /fettle/queries: admin token",
        "GET /api/v1/batch_runs/{id}: anyone",
        "GET /api/v1/health: anyone",
        "GET /api/v1/models: anyone",
        "GET /api/v1/stocks/{code}/prices: anyone, limited",
        "GET /api/v1/stocks: anyone, limited",
        "GET /fettle/: admin listener",
        "GET /fettle/advice: admin token",
        "GET /fettle/assets/{name}: admin listener",
        "GET /fettle/audit: admin token",
        "GET /fettle/cache: admin token",
        "GET /fettle/delivery: admin token",
        "GET /fettle/icon.svg: admin listener",
        "GET /fettle/info: admin token",
        "GET /fettle/live: admin token",
        "GET /fettle/loads/{id}: admin token",
        "GET /fettle/loads: admin token",
        "GET /fettle/metrics: admin token",
        "GET /fettle/plan: admin token",
        "GET /fettle/queries: admin token",
        "GET /fettle/repeats: admin token",
        "GET /fettle/routes: admin token",
        "GET /fettle/runs/{id}/journal: admin token",
        "GET /fettle/runs/{id}: admin token",
        "GET /fettle/runs: admin token",
        "GET /fettle/sw.js: admin listener",
        "GET /fettle/switches/{name}: admin token",
        "GET /fettle/switches: admin token",
        "GET /health: anyone",
        "GET /livez: anyone",
        "GET /metrics: anyone",
        "GET /openapi/{documentName}.json: anyone",
        "GET /readyz: anyone",
        "POST /api/v1/batch_predict: anyone, limited",
        "POST /api/v1/batch_runs: anyone, limited",
        "POST /api/v1/cache/clear: admin token",
        "POST /api/v1/models/measure: admin token",
        "POST /api/v1/models/reload: admin token",
        "POST /api/v1/models/rollback: admin token",
        "POST /api/v1/predict: anyone, limited",
        "POST /fettle/advice/apply: admin token",
        "POST /fettle/advice/undo: admin token",
        "POST /fettle/cache/warm: admin token",
        "PUT /fettle/switches/{name}: admin token",
    ];

    [Fact]
    public async Task EveryEndpoint_IsOneThatSomebodyDecidedAbout()
    {
        await using var host = await StocksHost.OverSampleAsync(5, 60);
        Endpoints(host).ShouldBe(Expected);
    }

    [Fact]
    public async Task Production_ClosesTheDocumentAndTheMetrics()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-policies-").FullName;
        var file = Path.Combine(folder, "s.db");
        StocksHost.Write(file, 5, 60);
        await using var host = await StocksHost.StartAsync(
            new StocksOptions { Database = Fettle.Databases.DatabaseAddress.Parse("sqlite:" + file), OpenApiOpen = false, Configure = f => f.OpenMetrics = false }, folder);

        Endpoints(host).Except(Expected).ShouldBe(["GET /metrics: admin listener", "GET /openapi/{documentName}.json: admin token"]);
        ((int)(await host.Client.GetAsync("/openapi/v1.json")).StatusCode).ShouldBe(401);
        ((int)(await host.Admin.GetAsync("/openapi/v1.json")).StatusCode).ShouldBe(200);

        // Every address of this host is loopback, so its one listener is the admin's too.
        ((int)(await host.Client.GetAsync("/metrics")).StatusCode).ShouldBe(200);
    }

    static string[] Endpoints(StocksHost host) =>
        [.. host.Service<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["*"]).Select(m => $"{m} /{e.RoutePattern.RawText!.TrimStart('/')}: {Who(e)}"))
            .Order(StringComparer.Ordinal)];

    static string Who(Endpoint endpoint)
    {
        var policies = endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(a => a.Policy).ToArray();
        return policies.Contains(FettleServiceExtensions.AdminPolicy) ? "admin token"
            : policies.Contains(DashboardEndpoints.Policy) ? "admin listener"
            : endpoint.Metadata.GetMetadata<EnableRateLimitingAttribute>() is not null ? "anyone, limited"
            : "anyone";
    }
}
