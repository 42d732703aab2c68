using Fettle.AspNetCore;
using Fettle.Databases;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Models;
using Fettle.Services.Stocks.Schema;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fettle.Services.Stocks.Health;

/// <summary><c>GET /api/v1/health</c>: 503 while no model is loaded.</summary>
internal static class HealthEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/api/v1/health", Show)
        .Produces<HealthAnswer>().Produces<HealthAnswer>(StatusCodes.Status503ServiceUnavailable);

    static IResult Show(ServingModels models, RequestCounter counter, Database database)
    {
        var current = models.Registry.Current;
        var (requests, errors) = (counter.Requests, counter.Errors);
        var answer = new HealthAnswer(
            current is null ? "no model" : "healthy", current?.Version, current?.Manifest.Type, Math.Round(counter.Uptime.TotalSeconds, 3),
            requests, errors, requests == 0 ? 0 : (double)errors / requests, database.Engine.ToString().ToLowerInvariant());
        return Results.Json(answer, StocksJson.Default.HealthAnswer, statusCode: current is null ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }
}

/// <summary>Not ready without a model.</summary>
internal sealed class ModelReadiness(ServingModels models) : IReadinessCheck
{
    public string Name => "model";

    public ValueTask<ReadinessResult> CheckAsync(CancellationToken cancellationToken) => ValueTask.FromResult(models.Registry.Current is { } current
        ? new ReadinessResult(ReadinessState.Ready, $"version {current.Version}")
        : new ReadinessResult(ReadinessState.NotReady, models.LastReload.Problem ?? "no version is loaded"));
}

/// <summary>Not ready while the stocks cannot be read.</summary>
internal sealed class DatabaseReadiness(Database database) : IReadinessCheck
{
    public string Name => "database";

    public async ValueTask<ReadinessResult> CheckAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenReadAsync(cancellationToken);
        await using var command = connection.Command($"SELECT id FROM {StocksSchema.Stocks} LIMIT 1");
        return await command.ExecuteScalarAsync(cancellationToken) is null
            ? new ReadinessResult(ReadinessState.Degraded, "the database has no stocks")
            : new ReadinessResult(ReadinessState.Ready, database.Engine.ToString());
    }
}
