using Fettle.Caching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore;

/// <summary>
/// <c>GET /fettle/cache</c> answers the statistics, <c>DELETE /fettle/cache?pattern=CATEGORY[:GLOB]</c> removes entries on both tiers,
/// <c>POST /fettle/cache/warm?mode=full|CATEGORY&amp;limit=N&amp;days=D</c> warms. A service takes part by registering its <see cref="FettleCache"/>,
/// and a <see cref="CacheWarming"/> when it can be warmed.
/// </summary>
internal static class CacheEndpoints
{
    public static void Map(RouteGroupBuilder admin)
    {
        admin.MapGet("/cache", async (IServiceProvider services, CancellationToken cancellation) =>
            services.GetService<FettleCache>() is { } cache
                ? Results.Bytes(CacheJson.Write(await cache.GetStatisticsAsync(cancellation)), "application/json")
                : NoCache());

        admin.MapDelete("/cache", async (string? pattern, HttpContext context, IServiceProvider services, AuditLog audit) =>
        {
            if (services.GetService<FettleCache>() is not { } cache)
            {
                return NoCache();
            }

            if (string.IsNullOrEmpty(pattern))
            {
                await cache.ClearAsync();
            }
            else
            {
                var colon = pattern.IndexOf(':', StringComparison.Ordinal);
                var name = colon < 0 ? pattern : pattern[..colon];
                if (cache.Find(name) is not { } category)
                {
                    return FettleProblems.NotFound("unknown-category", $"no cache category '{name}'; known: {string.Join(", ", cache.Categories.Select(c => c.Name))}");
                }

                await (colon < 0 ? category.ClearAsync() : category.RemoveByPatternAsync(pattern[(colon + 1)..]));
            }

            audit.Write(context, "cache", pattern ?? "everything", "cleared");
            return Results.Json(new CacheCleared(pattern ?? "everything"), FettleJson.Default.CacheCleared);
        });

        admin.MapPost("/cache/warm", async (string? mode, int? limit, int? days, HttpContext context, IServiceProvider services, AuditLog audit, CancellationToken cancellation) =>
        {
            if (services.GetService<CacheWarming>() is not { } warming)
            {
                return FettleProblems.NotFound("no-warming", "this service has nothing that warms its caches");
            }

            try
            {
                var defaults = new WarmRequest();
                var warmed = await warming.RunAsync(
                    new WarmRequest { Mode = mode ?? defaults.Mode, Limit = limit ?? defaults.Limit, Days = days ?? defaults.Days }, cancellationToken: cancellation);
                audit.Write(context, "cache", mode ?? "full", "warmed");
                return Results.Bytes(CacheJson.Write(warmed), "application/json");
            }
            catch (ArgumentException e)
            {
                return FettleProblems.BadRequest("invalid-warming", e.Message);
            }
        });
    }

    static IResult NoCache() => FettleProblems.NotFound("no-cache", "this service has no cache");
}

/// <summary>The answer of a clearing.</summary>
internal sealed record CacheCleared(string Cleared);
