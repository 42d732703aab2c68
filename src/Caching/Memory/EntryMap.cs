using System.Runtime.CompilerServices;

namespace Fettle.Caching.Memory;

/// <summary>
/// The entries of a category by key. The entries are the nodes of the map, so a hit reads a bucket and an entry and nothing between.
/// <list type="number">
/// <item>Changes are made by one thread at a time, under the category's lock. Readers take none.</item>
/// <item>A removed entry keeps its <see cref="CacheEntry.Chain"/>, so a reader that stands on it goes on. It comes only to entries that were
/// in the map after it began: what a chain led to when its entry left it was in the map then.</item>
/// <item>Growing splits a bucket in two by linking its entries anew. A reader that stands on one may be led into the other half and miss
/// what is there; it cannot go in a circle, because a linked entry leads only to ones linked before it. So a miss without the lock is no
/// proof of absence: who must know looks again under the lock.</item>
/// </list>
/// A bucket is the hash times the number of buckets, upper half: bucket i of n becomes 2i and 2i + 1 of 2n, and a walk in the order of the
/// buckets keeps its place when the map grows.
/// </summary>
internal sealed class EntryMap
{
    const int LeastBuckets = 16;
    const int MostBuckets = 1 << 28;
    CacheEntry?[] _buckets = new CacheEntry?[LeastBuckets];

    public int Count { get; private set; }

    /// <summary>Where a walk over all entries stands: the next bucket. Follows the map when it grows.</summary>
    public int Cursor { get; set; }

    public int Buckets => _buckets.Length;

    /// <summary>The entry, or null; without the lock null may be wrong.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public CacheEntry? Find(string key, uint hash)
    {
        var buckets = _buckets;
        var entry = Volatile.Read(ref buckets[Place(hash, buckets.Length)]);
        while (entry is not null && !(entry.MapHash == hash && string.Equals(entry.Key, key)))
        {
            entry = Volatile.Read(ref entry.Chain);
        }

        return entry;
    }

    /// <summary>Adds an entry whose key is not there, or stands in front of the one that is until that is removed. Under the lock.</summary>
    public void Add(CacheEntry entry)
    {
        if (Count >= _buckets.Length - (_buckets.Length >> 2) && _buckets.Length < MostBuckets)
        {
            Grow();
        }

        Link(_buckets, entry);
        Count++;
    }

    /// <summary>Takes this entry out; false when it is not there. Under the lock.</summary>
    public bool Remove(CacheEntry entry)
    {
        ref var link = ref _buckets[Place(entry.MapHash, _buckets.Length)];
        while (link is not null)
        {
            if (ReferenceEquals(link, entry))
            {
                Volatile.Write(ref link, entry.Chain);
                Count--;
                return true;
            }

            link = ref link.Chain;
        }

        return false;
    }

    /// <summary>The first entry of a bucket; the others follow by <see cref="CacheEntry.Chain"/>. Under the lock.</summary>
    public CacheEntry? First(int bucket) => _buckets[bucket];

    /// <summary>All entries. Under the lock, while nothing changes.</summary>
    public IEnumerable<CacheEntry> All()
    {
        foreach (var first in _buckets)
        {
            for (var entry = first; entry is not null; entry = entry.Chain)
            {
                yield return entry;
            }
        }
    }

    /// <summary>Forgets all entries, in constant time. Under the lock.</summary>
    public void Clear()
    {
        Volatile.Write(ref _buckets, new CacheEntry?[LeastBuckets]);
        Count = 0;
        Cursor = 0;
    }

    void Grow()
    {
        var grown = new CacheEntry?[_buckets.Length * 2];
        foreach (var first in _buckets)
        {
            for (var entry = first; entry is not null;)
            {
                var next = entry.Chain;
                Link(grown, entry);
                entry = next;
            }
        }

        Volatile.Write(ref _buckets, grown);
        Cursor *= 2;
    }

    static void Link(CacheEntry?[] buckets, CacheEntry entry)
    {
        ref var first = ref buckets[Place(entry.MapHash, buckets.Length)];
        Volatile.Write(ref entry.Chain, first);
        Volatile.Write(ref first, entry);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Place(uint hash, int buckets) => (uint)(((ulong)hash * (uint)buckets) >> 32);
}
