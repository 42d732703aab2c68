using Fettle.Caching;
using Fettle.Caching.Redis;
using Fettle.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fettle.AspNetCore;

/// <summary>Where a service's cache lives.</summary>
public sealed class FettleCacheSettings
{
    /// <summary>The second tier: <c>redis://[user:password@]host[:port][/database]</c>, or <c>rediss://</c> for TLS. Default null: memory only.</summary>
    public string? Redis { get; set; }

    /// <summary>What separates this service's entries from others on the same server. Default <c>service</c>; 1 to 64 of a-z, A-Z, 0-9, '.', '_', '-'.</summary>
    public string Namespace { get; set; } = "service";

    /// <summary>Bounds and clock; notices go to the log as well.</summary>
    public FettleCacheOptions Cache { get; set; } = new();
}

/// <summary>Registers the cache of a service.</summary>
public static partial class FettleCacheExtensions
{
    /// <summary>
    /// Registers a <see cref="FettleCache"/>, with a second tier on Redis when an address is given. Redis need not be there: the service is
    /// ready without it and uses memory alone until it answers. The endpoints under <c>/fettle/cache</c> show and clear it.
    /// </summary>
    /// <exception cref="ArgumentException">The address is not one.</exception>
    public static IServiceCollection AddFettleCache(this IServiceCollection services, Action<FettleCacheSettings>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var settings = new FettleCacheSettings();
        configure?.Invoke(settings);
        var tier = settings.Redis is { } address
            ? new RedisSecondTierOptions { Redis = RedisOptions.Parse(address), Namespace = settings.Namespace }
            : null;
        services.AddSingleton(provider => Create(provider, settings.Cache, tier));
        if (tier is not null)
        {
            services.AddSingleton<IReadinessCheck, CacheReadiness>();
        }

        return services;
    }

    static FettleCache Create(IServiceProvider provider, FettleCacheOptions options, RedisSecondTierOptions? tier)
    {
        var logger = provider.GetRequiredService<ILogger<FettleCache>>();
        var told = options.Notice;
        var time = provider.GetService<TimeProvider>();
        return new FettleCache(
            options with
            {
                Time = ReferenceEquals(options.Time, TimeProvider.System) && time is not null ? time : options.Time,
                Notice = notice =>
                {
                    Log(logger, notice.IsWarning ? LogLevel.Warning : LogLevel.Information, notice.Message);
                    told?.Invoke(notice);
                },
            },
            tier is null ? null : new RedisSecondTier(tier));
    }

    [LoggerMessage(Message = "{Notice}")]
    static partial void Log(ILogger logger, LogLevel level, string notice);
}

/// <summary>A service without its second tier still answers, from memory and its sources.</summary>
internal sealed class CacheReadiness(FettleCache cache) : IReadinessCheck
{
    public string Name => "cache";

    public ValueTask<ReadinessResult> CheckAsync(CancellationToken cancellationToken) => ValueTask.FromResult(cache.IsSecondTierUsable
        ? new ReadinessResult(ReadinessState.Ready, "both tiers")
        : new ReadinessResult(ReadinessState.Degraded, "Redis unavailable, using in-memory cache only"));
}
