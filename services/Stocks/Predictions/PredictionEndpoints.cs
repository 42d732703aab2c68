using Fettle.AspNetCore;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.Services.Stocks.Predictions;

/// <summary>
/// <c>POST /api/v1/predict</c> and <c>POST /api/v1/batch_predict</c>. The handlers write their answers themselves and hold what they need, so
/// that a prediction from memory makes no scope of services and no result object.
/// </summary>
internal sealed class PredictionEndpoints(PredictionEngine engine)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var engine = routes.ServiceProvider.GetRequiredService<PredictionEngine>();
        var options = routes.ServiceProvider.GetRequiredService<StocksOptions>();
        var endpoints = new PredictionEndpoints(engine);
        var policy = new DeliveryPolicy("predictions") { Version = _ => engine.AnswerVersionAsync() };
        routes.MapPost("/api/v1/predict", (Delegate)endpoints.PredictAsync).LimitClients(ClientLimits.Single, options).DeliverAs(policy)
            .Accepts<PredictRequest>("application/json").Produces<PredictionAnswer>().ProducesProblems();
        routes.MapPost("/api/v1/batch_predict", (Delegate)endpoints.BatchAsync).LimitClients(ClientLimits.Batch, options)
            .Accepts<BatchPredictRequest>("application/json").Produces<List<PredictionAnswer>>().ProducesProblems();
    }

    public async Task PredictAsync(HttpContext context)
    {
        var (request, problem) = await JsonBody.ReadAsync(context, StocksJson.Default.PredictRequest, PredictRequestReader.TryRead);
        PredictQuery? query = null;
        if (request is not null)
        {
            (query, problem) = request.Check();
        }

        if (query is null)
        {
            await problem!.ToResult().ExecuteAsync(context);
            return;
        }

        var (model, none) = engine.TakeModel();
        if (model is null)
        {
            await none!.ToResult().ExecuteAsync(context);
            return;
        }

        var outcome = await engine.FindAsync(model, query) ?? await engine.PredictAsync(model, query, context.RequestAborted);
        CacheHeaders.Set(context.Response, outcome.Hit);
        await (outcome.Prediction is { } prediction ? PredictionWriter.SendAsync(context, prediction, query) : outcome.Problem!.ToResult().ExecuteAsync(context));
    }

    public async Task<IResult> BatchAsync(HttpContext context)
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
