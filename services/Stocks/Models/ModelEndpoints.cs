using Fettle.AspNetCore;
using Fettle.Caching;
using Fettle.Forests;
using Fettle.Services.Stocks.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fettle.Services.Stocks.Models;

/// <summary><c>GET /api/v1/models</c>, and for admins reload, rollback and measure.</summary>
internal static class ModelEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/models", (ServingModels models) => Results.Json(List(models.Registry), StocksJson.Default.ModelsAnswer)).Produces<ModelsAnswer>();
        routes.MapPost("/api/v1/models/reload", ReloadAsync).RequireFettleAdmin().Produces<ModelChangeAnswer>().ProducesProblem(StatusCodes.Status409Conflict);
        routes.MapPost("/api/v1/models/measure", MeasureAsync).RequireFettleAdmin().Produces<ModelMeasured>().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapPost("/api/v1/models/rollback", RollbackAsync).RequireFettleAdmin().Produces<ModelChangeAnswer>()
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    static async Task<IResult> MeasureAsync(ModelMeasurement measurement, CancellationToken cancellation) =>
        await measurement.MeasureAsync(cancellation) is { } measured
            ? Results.Json(measured, StocksJson.Default.ModelMeasured)
            : StockProblem.NoModel("no version is loaded, or no stock has enough history to make features of").ToResult();

    static async Task<IResult> ReloadAsync(ServingModels models, ModelMirror mirror, WarmingSchedule warming, CancellationToken cancellation)
    {
        var result = models.Reload();
        await mirror.WriteAsync(cancellation);
        if (result.Changed)
        {
            warming.Notify();
        }

        return result.Problem is null
            ? Results.Json(new ModelChangeAnswer(result.Active?.Version, result.Changed), StocksJson.Default.ModelChangeAnswer)
            : StockProblem.UnusableModel($"{result.Problem}; {Serving(models)}").ToResult();
    }

    static async Task<IResult> RollbackAsync(ServingModels models, ModelMirror mirror, CancellationToken cancellation, string? version = null)
    {
        var before = models.Registry.Current?.Version;
        try
        {
            var active = models.Registry.Rollback(version);
            await mirror.WriteAsync(cancellation);
            return Results.Json(new ModelChangeAnswer(active.Version, active.Version != before), StocksJson.Default.ModelChangeAnswer);
        }
        catch (DirectoryNotFoundException e)
        {
            return StockProblem.UnknownVersion(e.Message).ToResult();
        }
        catch (Exception e) when (e is InvalidOperationException or ModelFormatException or ArgumentException)
        {
            return StockProblem.UnusableModel($"{e.Message}; {Serving(models)}").ToResult();
        }
    }

    static string Serving(ServingModels models) =>
        models.Registry.Current is { } current ? $"version {current.Version} goes on serving" : "no version serves";

    static ModelsAnswer List(ModelRegistry registry) => new(
        registry.Name, registry.Current?.Version, registry.PreviousVersion,
        [.. registry.Versions().Select(v => new ModelAnswer(v.Version, v.Type, v.Version == registry.Current?.Version, v.CreatedAt, v.Bytes, v.Sha256, v.Metrics))]);
}
