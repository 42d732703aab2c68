using System.Net;
using System.Threading.RateLimiting;
using Fettle.AspNetCore;
using Microsoft.AspNetCore.Builder;
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
        limiter.AddPolicy(Single, context => Of(context, options.SinglePerSecond));
        limiter.AddPolicy(Batch, context => Of(context, options.BatchPerSecond));
    });

    /// <summary>Puts an endpoint under one of the limits.</summary>
    public static RouteHandlerBuilder LimitClients(this RouteHandlerBuilder builder, string policy, StocksOptions options)
    {
        builder.RequireRateLimiting(policy);
        return options.LimitLoopback ? builder : builder.ExemptFromRateLimiting(IsLocal);
    }

    /// <summary>A forwarded request comes from somebody else than the proxy that stands on this machine.</summary>
    static bool IsLocal(HttpContext context) =>
        (context.Connection.RemoteIpAddress is not { } address || IPAddress.IsLoopback(address))
        && !context.Request.Headers.ContainsKey("X-Forwarded-For") && !context.Request.Headers.ContainsKey("Forwarded");

    static RateLimitPartition<string> Of(HttpContext context, int perSecond) =>
        RateLimitPartition.GetTokenBucketLimiter(context.Connection.RemoteIpAddress?.ToString() ?? "unknown", _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = perSecond,
            TokensPerPeriod = perSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        });
}
