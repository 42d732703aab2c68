using Fettle.Caching.Statistics;

namespace Fettle.Caching;

public sealed partial class CacheCategory<T>
{
    const int TopKeys = 10;

    /// <inheritdoc/>
    public override CategoryStatistics GetStatistics() => Snapshot(PopularKeys());

    /// <inheritdoc/>
    internal override CategoryStatistics GetCounts() => Snapshot([]);

    CategoryStatistics Snapshot(KeyUse[] popular)
    {
        var saved = popular.Where(k => k.IsLive).Sum(k => k.SavedMicroseconds);
        lock (_memory.Gate)
        {
            var reasons = _counters.MissesByReason;
            var hits = _counters.Hits.Sum();
            return new CategoryStatistics
            {
                Name = Name,
                Entries = _memory.Count,
                MaxEntries = Options.MaxEntries,
                Bytes = _memory.Bytes,
                Hits = hits,
                TimeToLiveMilliseconds = CurrentTimeToLive.TotalMilliseconds,
                FirstMinute = ReadFirstMinute(),
                MemoryCurve = _memory.Curve.Read(hits + reasons.Sum(), _counters.Hits.Waiting()),
                Misses = new CacheMisses(reasons[0], reasons[1], reasons[2], reasons[3]),
                StaleServed = _counters.StaleServed,
                Coalesced = _counters.Coalesced,
                Departures = new CacheDepartures(_counters.Evicted, _counters.Expired, _counters.Invalidated, _counters.EvictedBySize),
                SecondTier = new SecondTierCounts(
                    Interlocked.Read(ref _counters.SecondTierHits),
                    Interlocked.Read(ref _counters.SecondTierMisses),
                    Interlocked.Read(ref _counters.SecondTierFailures),
                    Interlocked.Read(ref _counters.SecondTierCorrupt)),
                Loads = Interlocked.Read(ref _counters.Loads),
                LoadFailures = Interlocked.Read(ref _counters.LoadFailures),
                Refreshes = _counters.Refreshes,
                StoresRefused = _counters.StoresRefused,
                LoadMilliseconds = Interlocked.Read(ref _counters.LoadMicroseconds) / 1000.0,
                SavedMilliseconds = (_counters.RetiredSavedMicroseconds + saved) / 1000.0,
                TopKeys = [.. popular.GroupBy(k => k.Key)
                    .Select(g => new PopularKey(g.Key, g.Sum(k => k.Hits), g.Sum(k => k.SavedMicroseconds) / 1000.0))
                    .OrderByDescending(k => k.SavedMilliseconds).ThenByDescending(k => k.Hits).Take(TopKeys)],
            };
        }
    }

    /// <summary>Use of the keys that are in memory and of the remembered heaviest that left.</summary>
    internal override KeyUse[] PopularKeys()
    {
        var uses = new List<KeyUse>();
        lock (_memory.Gate)
        {
            foreach (var entry in _memory.Entries)
            {
                if (entry.SampledHits > 0)
                {
                    uses.Add(new KeyUse(entry.Key, entry.SampledHits, entry.SampledHits * entry.LoadMicroseconds, IsLive: true));
                }
            }

            uses.AddRange(_counters.Popular.ToArray());
        }

        return [.. uses];
    }

    internal override void AddPopular(IEnumerable<KeyUse> uses)
    {
        lock (_memory.Gate)
        {
            foreach (var use in uses)
            {
                _counters.Popular.Add(use.Key, use.Hits, use.SavedMicroseconds);
            }
        }
    }
}
