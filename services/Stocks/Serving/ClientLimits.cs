using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.Services.Stocks.Serving;

/// <summary>Requests per second and client address. Loopback is exempt unless asked for, so that load tests measure the service.</summary>
internal static class ClientLimits
{
    public const string Single = "stocks-single";
    public const string Batch = "stocks-batch";

    public static void Add(IServiceCollection services, StocksOptions options) => services.Configure<RateLimiterOptions>(limiter =>
    {
        limiter.AddPolicy(Single, context => Of(context, options.SinglePerSecond, options.LimitLoopback));
        limiter.AddPolicy(Batch, context => Of(context, options.BatchPerSecond, options.LimitLoopback));
    });

    static RateLimitPartition<string> Of(HttpContext context, int perSecond, bool limitLoopback)
    {
        var address = context.Connection.RemoteIpAddress;
        var forwarded = context.Request.Headers.ContainsKey("X-Forwarded-For") || context.Request.Headers.ContainsKey("Forwarded");
        if (!limitLoopback && !forwarded && (address is null || IPAddress.IsLoopback(address)))
        {
            return RateLimitPartition.GetNoLimiter("loopback");
        }

        return RateLimitPartition.GetTokenBucketLimiter(address?.ToString() ?? "unknown", _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = perSecond,
            TokensPerPeriod = perSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        });
    }
}
