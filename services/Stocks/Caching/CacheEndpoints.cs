using Fettle.AspNetCore;
using Fettle.Services.Stocks.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fettle.Services.Stocks.Caching;

/// <summary><c>POST /api/v1/cache/clear?type=</c> for admins: how many entries went, per tier.</summary>
internal static class CacheEndpoints
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/cache/clear", ClearAsync).RequireFettleAdmin().Produces<CacheClearAnswer>().ProducesProblem(StatusCodes.Status400BadRequest);

    static async Task<IResult> ClearAsync(StocksCaches caches, string? type = null) =>
        await caches.ClearAsync(type) is { } cleared
            ? Results.Json(new CacheClearAnswer(type!, cleared), StocksJson.Default.CacheClearAnswer)
            : StockProblem.UnknownCacheType(type).ToResult();
}
