using System.Diagnostics.Metrics;

namespace Fettle.Caching;

/// <summary>The instruments of the cache; the names are part of the public interface.</summary>
public sealed class CacheMeters : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Fettle.Caching";

    /// <summary>Requests by <c>category</c>, <c>tier</c> (memory, second) and <c>result</c> (hit, miss, stale, coalesced, error).</summary>
    public const string Requests = "fettle.cache.requests";

    /// <summary>Hits of the memory tier in percent, by <c>category</c>.</summary>
    public const string HitRate = "cache_hit_rate_percent";

    /// <summary>Bytes in memory, by <c>category</c>.</summary>
    public const string Size = "fettle.cache.size";

    /// <summary>Evictions by <c>category</c>.</summary>
    public const string Evictions = "fettle.cache.evictions";

    readonly Meter _meter = new(MeterName);
    readonly FettleCache _cache;

    internal CacheMeters(FettleCache cache)
    {
        _cache = cache;
        _meter.CreateObservableCounter(Requests, ReadRequests, "{request}", "Requests to the cache");
        _meter.CreateObservableGauge(HitRate, () => Read(s => s.HitRatePercent ?? 0), "%", "Hits of the memory tier in percent of hits and misses");
        _meter.CreateObservableGauge(Size, () => Read(s => (double)s.Bytes), "By", "Bytes in memory");
        _meter.CreateObservableCounter(Evictions, () => Read(s => (double)s.Departures.Evicted), "{entry}", "Entries that made room for others");
    }

    /// <summary>Removes the instruments.</summary>
    public void Dispose() => _meter.Dispose();

    IEnumerable<Measurement<double>> Read(Func<CategoryStatistics, double> value) =>
        _cache.Categories.Select(c => new Measurement<double>(value(c.GetCounts()), new KeyValuePair<string, object?>("category", c.Name)));

    IEnumerable<Measurement<long>> ReadRequests()
    {
        foreach (var category in _cache.Categories)
        {
            var s = category.GetCounts();
            yield return Request(s.Name, "memory", "hit", s.Hits);
            yield return Request(s.Name, "memory", "miss", s.Misses.Total);
            yield return Request(s.Name, "memory", "stale", s.StaleServed);
            yield return Request(s.Name, "memory", "coalesced", s.Coalesced);
            yield return Request(s.Name, "second", "hit", s.SecondTier.Hits);
            yield return Request(s.Name, "second", "miss", s.SecondTier.Misses);
            yield return Request(s.Name, "second", "error", s.SecondTier.Failures);
        }
    }

    static Measurement<long> Request(string category, string tier, string result, long value) =>
        new(value, new("category", category), new("tier", tier), new("result", result));
}
