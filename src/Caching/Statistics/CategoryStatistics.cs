namespace Fettle.Caching;

/// <summary>The counts of one category since it was created. Times are in milliseconds, sizes in bytes.</summary>
public sealed record CategoryStatistics
{
    /// <summary>The category's name.</summary>
    public required string Name { get; init; }

    /// <summary>Entries in memory.</summary>
    public required int Entries { get; init; }

    /// <summary>Entries the memory tier holds at most.</summary>
    public required int MaxEntries { get; init; }

    /// <summary>Bytes in memory, as the category measures them.</summary>
    public required long Bytes { get; init; }

    /// <summary>Answers from memory, stale ones included.</summary>
    public required long Hits { get; init; }

    /// <summary>Reads that did not find a fresh value in memory, by reason.</summary>
    public required CacheMisses Misses { get; init; }

    /// <summary>Hits in percent of hits and misses; null before the first.</summary>
    public double? HitRatePercent => Hits + Misses.Total == 0 ? null : 100.0 * Hits / (Hits + Misses.Total);

    /// <summary>Answers that were past their time to live, within the stale window.</summary>
    public required long StaleServed { get; init; }

    /// <summary>Misses that joined a load that ran already.</summary>
    public required long Coalesced { get; init; }

    /// <summary>Entries that left memory, by reason.</summary>
    public required CacheDepartures Departures { get; init; }

    /// <summary>The second tier's answers; all zero without one.</summary>
    public required SecondTierCounts SecondTier { get; init; }

    /// <summary>Calls of factories.</summary>
    public required long Loads { get; init; }

    /// <summary>Factories that failed or took too long.</summary>
    public required long LoadFailures { get; init; }

    /// <summary>Background reloads: ahead of the end of the time to live, or behind a stale answer.</summary>
    public required long Refreshes { get; init; }

    /// <summary>Values that were loaded or read but not stored because the key was invalidated or set meanwhile.</summary>
    public required long StoresRefused { get; init; }

    /// <summary>Milliseconds spent in factories.</summary>
    public required double LoadMilliseconds { get; init; }

    /// <summary>Milliseconds of loading that hits saved, estimated from one hit in eight.</summary>
    public required double SavedMilliseconds { get; init; }

    /// <summary>The time to live of the next value, in milliseconds: the category's, or what it has been tuned to.</summary>
    public double TimeToLiveMilliseconds { get; init; }

    /// <summary>The minute after the last warming; null before one has ended.</summary>
    public FirstMinute? FirstMinute { get; init; }

    /// <summary>Hit rates that an LRU cache of other sizes would have, estimated from a sample of keys; empty before there is enough of it.</summary>
    public IReadOnlyList<MemoryCurvePoint> MemoryCurve { get; init; } = [];

    /// <summary>By how many points the hit rate of an LRU cache would grow with twice the memory; null before that is known.</summary>
    public double? PointsOfTwiceTheMemory => MemoryCurve.Count < 3 ? null : MemoryCurve[2].HitRatePercent - MemoryCurve[1].HitRatePercent;

    /// <summary>The keys that saved most time, at most ten.</summary>
    public required IReadOnlyList<PopularKey> TopKeys { get; init; }
}

/// <summary>The estimated hit rate with another size of memory.</summary>
/// <param name="Factor">Times the size of now.</param>
/// <param name="Entries">Entries of that size.</param>
/// <param name="HitRatePercent">Hits in percent of requests.</param>
public sealed record MemoryCurvePoint(double Factor, int Entries, double HitRatePercent);

/// <summary>Misses by reason.</summary>
/// <param name="Cold">The key was never there, or that is forgotten.</param>
/// <param name="Expired">Its time to live was over.</param>
/// <param name="Evicted">It had made room for others.</param>
/// <param name="Invalidated">It had been removed, or its data version is old.</param>
public sealed record CacheMisses(long Cold, long Expired, long Evicted, long Invalidated)
{
    /// <summary>All of them.</summary>
    public long Total => Cold + Expired + Evicted + Invalidated;
}

/// <summary>Entries that left memory.</summary>
/// <param name="Evicted">Made room for others.</param>
/// <param name="Expired">Found too old.</param>
/// <param name="Invalidated">Removed by key, tag, prefix, pattern, category or data version.</param>
/// <param name="TooLarge">Never entered: larger than the category or the cache may hold.</param>
public sealed record CacheDepartures(long Evicted, long Expired, long Invalidated, long TooLarge);

/// <summary>What the second tier answered to one category.</summary>
/// <param name="Hits">Values used.</param>
/// <param name="Misses">Reads without a usable value.</param>
/// <param name="Failures">Reads that failed or took too long.</param>
/// <param name="Corrupt">Values that were damaged or foreign, counted as misses.</param>
public sealed record SecondTierCounts(long Hits, long Misses, long Failures, long Corrupt);

/// <summary>A key that saved much time.</summary>
/// <param name="Key">The key.</param>
/// <param name="Hits">Its hits, estimated.</param>
/// <param name="SavedMilliseconds">The milliseconds of loading they saved, estimated.</param>
public sealed record PopularKey(string Key, long Hits, double SavedMilliseconds);

/// <summary>The counts of a whole cache.</summary>
/// <param name="Bytes">Bytes in memory.</param>
/// <param name="MaxBytes">Bytes the memory tier holds at most.</param>
/// <param name="Categories">Every category, by name.</param>
/// <param name="SecondTier">The second tier, or null without one.</param>
public sealed record CacheStatistics(long Bytes, long MaxBytes, IReadOnlyList<CategoryStatistics> Categories, SecondTierHealth? SecondTier);

/// <summary>How the second tier is, as the cache sees it.</summary>
/// <param name="IsUsable">Whether calls are made.</param>
/// <param name="Outages">How often the breaker opened.</param>
/// <param name="PendingInvalidations">Invalidations that wait for delivery.</param>
/// <param name="Tier">What the tier tells of itself; null when it does not answer.</param>
public sealed record SecondTierHealth(bool IsUsable, long Outages, int PendingInvalidations, SecondTierStatistics? Tier);
