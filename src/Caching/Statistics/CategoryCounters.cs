using Fettle.Caching.Memory;

namespace Fettle.Caching.Statistics;

/// <summary>The counts of one category. Hits are striped; the plain fields change under the category's lock, the rest by interlocked adds.</summary>
internal sealed class CategoryCounters
{
    public readonly HitCells Hits = new();

    // Under the category's lock.
    public long Evicted;
    public long EvictedBySize;
    public long Expired;
    public long Invalidated;
    public readonly long[] MissesByReason = new long[4];
    public long Coalesced;
    public long StaleServed;
    public long StoresRefused;
    public long WarmedKeys;
    public long AskedKeys;

    // Interlocked.
    public long SecondTierHits;
    public long SecondTierMisses;
    public long SecondTierFailures;
    public long SecondTierCorrupt;
    public long Loads;
    public long LoadFailures;
    public long LoadMicroseconds;
    public long Refreshes;

    long _retiredSavedMicroseconds;

    /// <summary>Popular keys by time saved, of entries that left.</summary>
    public HeavyHitters Popular { get; } = new(256);

    public long RetiredSavedMicroseconds => Volatile.Read(ref _retiredSavedMicroseconds);

    /// <summary>Keeps what an entry did before it goes. Under the lock.</summary>
    public void Retire(CacheEntry entry)
    {
        _retiredSavedMicroseconds += entry.SampledHits * entry.LoadMicroseconds;
        if (entry.SampledHits > 0)
        {
            Popular.Add(entry.Key, entry.SampledHits, entry.SampledHits * entry.LoadMicroseconds);
        }
    }
}
