using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Predictions;
using Fettle.Services.Stocks.Schema;
using Fettle.Services.Stocks.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.Services.Stocks.BatchRuns;

/// <summary><c>POST /api/v1/batch_runs</c> and <c>GET /api/v1/batch_runs/{id}</c>.</summary>
internal static class BatchRunEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/v1/batch_runs", StartAsync).LimitClients(ClientLimits.Batch, routes.ServiceProvider.GetRequiredService<StocksOptions>())
            .Accepts<BatchRunRequest>("application/json").Produces<BatchRunAnswer>(StatusCodes.Status202Accepted).ProducesProblems();
        routes.MapGet("/api/v1/batch_runs/{id}", ShowAsync).Produces<BatchRunAnswer>().ProducesProblem(StatusCodes.Status404NotFound);
    }

    static async Task<IResult> StartAsync(HttpContext context, PredictionEngine engine, BatchRunWorker worker, TimeProvider time)
    {
        var (request, problem) = await JsonBody.ReadAsync(context, StocksJson.Default.BatchRunRequest);
        if (request is null)
        {
            return problem!.ToResult();
        }

        if (!PredictRequest.TryDate(request.Date, out var date))
        {
            return StockProblem.InvalidDate("date", request.Date).ToResult();
        }

        if (request.Codes is { } codes && (codes.Count == 0 || codes.FirstOrDefault(c => c is null || !PredictRequest.IsCode(c)) is not null || codes.Contains(null)))
        {
            return StockProblem.InvalidCode(codes.FirstOrDefault(c => c is null || !PredictRequest.IsCode(c))).ToResult();
        }

        var (model, none) = engine.TakeModel();
        if (model is null)
        {
            return none!.ToResult();
        }

        var run = await worker.QueueAsync(date, model.Exact, request.Codes, context.RequestAborted);
        context.Response.Headers.Location = $"/api/v1/batch_runs/{run.RunId}";
        return Results.Json(Answer(run, new Dictionary<string, int>(), time), StocksJson.Default.BatchRunAnswer, statusCode: StatusCodes.Status202Accepted);
    }

    static async Task<IResult> ShowAsync(string id, BatchRunTable table, TimeProvider time, CancellationToken cancellation) =>
        await table.FindAsync(id, cancellation) is { } run
            ? Results.Json(Answer(run, await table.SkippedByReasonAsync(id, cancellation), time), StocksJson.Default.BatchRunAnswer)
            : StockProblem.UnknownRun(id).ToResult();

    static BatchRunAnswer Answer(BatchRun run, Dictionary<string, int> skipped, TimeProvider time)
    {
        var elapsed = ((run.FinishedAt ?? time.GetUtcNow()) - run.StartedAt).TotalSeconds;
        return new BatchRunAnswer(
            run.RunId, DatabaseValues.Iso(run.Date), run.ModelVersion, run.Status, run.Total, run.Scored, run.Skipped,
            elapsed > 0 ? Math.Round((run.Scored + run.Skipped) / elapsed, 1) : 0,
            run.StartedAt.ToString("O"), run.FinishedAt?.ToString("O"), run.CsvPath, run.Error, skipped);
    }
}
