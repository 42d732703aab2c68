using Fettle.AspNetCore;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.Services.Stocks.Predictions;

/// <summary><c>POST /api/v1/predict</c> and <c>POST /api/v1/batch_predict</c>.</summary>
internal static class PredictionEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var engine = routes.ServiceProvider.GetRequiredService<PredictionEngine>();
        var policy = new DeliveryPolicy("predictions") { Version = context => engine.AnswerVersionAsync(context.RequestAborted) };
        routes.MapPost("/api/v1/predict", PredictAsync).RequireRateLimiting(ClientLimits.Single).DeliverAs(policy)
            .Accepts<PredictRequest>("application/json").Produces<PredictionAnswer>().ProducesProblems();
        routes.MapPost("/api/v1/batch_predict", BatchAsync).RequireRateLimiting(ClientLimits.Batch)
            .Accepts<BatchPredictRequest>("application/json").Produces<List<PredictionAnswer>>().ProducesProblems();
    }

    static async Task<IResult> PredictAsync(HttpContext context, PredictionEngine engine)
    {
        var (request, problem) = await JsonBody.ReadAsync(context, StocksJson.Default.PredictRequest);
        if (request is null)
        {
            return problem!.ToResult();
        }

        var (query, wrong) = request.Check();
        if (query is null)
        {
            return wrong!.ToResult();
        }

        var (model, none) = engine.TakeModel();
        if (model is null)
        {
            return none!.ToResult();
        }

        var outcome = await engine.PredictAsync(model, query, context.RequestAborted);
        CacheHeaders.Set(context.Response, outcome.Hit);
        return outcome.Prediction is { } prediction
            ? RequestPhases.Json(context, prediction.ToAnswer(query), StocksJson.Default.PredictionAnswer)
            : outcome.Problem!.ToResult();
    }

    static async Task<IResult> BatchAsync(HttpContext context, PredictionEngine engine)
    {
        var (request, problem) = await JsonBody.ReadAsync(context, StocksJson.Default.BatchPredictRequest);
        if (request is null)
        {
            return problem!.ToResult();
        }

        var items = request.Predictions ?? [];
        if (items.Count is < 1 or > BatchPredictRequest.MostItems)
        {
            return StockProblem.BatchSize(items.Count).ToResult();
        }

        var (model, none) = engine.TakeModel();
        if (model is null)
        {
            return none!.ToResult();
        }

        var checkedItems = items.Select(i => i is null ? (Query: null, Problem: StockProblem.InvalidBody("the item is null; send an object")) : i.Check()).ToArray();
        var outcomes = await engine.PredictManyAsync(model, [.. checkedItems.Select(c => c.Query).OfType<PredictQuery>()], context.RequestAborted);
        CacheHeaders.Set(context.Response, outcomes.Length == 0 ? CacheHit.None : outcomes.Min(o => o.Hit));
        var answers = new List<object>(items.Count);
        var next = 0;
        for (var i = 0; i < items.Count; i++)
        {
            var outcome = checkedItems[i].Query is null ? new PredictionOutcome(null, checkedItems[i].Problem) : outcomes[next++];
            answers.Add(outcome.ToItem(items[i], checkedItems[i].Query));
        }

        return RequestPhases.Json(context, answers, StocksJson.Default.ListObject);
    }
}
