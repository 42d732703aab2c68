namespace Fettle.Caching.Memory;

/// <summary>
/// What only changes of an entry need. The runtime lays out the fields of a base class before those of the derived one, so what hits
/// read stands together behind all this. Changes under the category's lock, but for <see cref="SampledHits"/>.
/// </summary>
internal abstract class EntryRecord
{
    public string[] Tags = [];
    public CacheEntry? Previous;
    public CacheEntry? Next;
    public long ExpiresAt;
    public long StaleUntil;

    /// <summary>When the value's own time to live ends, which the memory tier's may cut short.</summary>
    public long LoadedUntil;
    public long Bytes;

    /// <summary>Hits, estimated from a sample. Readers raise it without a lock: a lost write costs precision and never correctness.</summary>
    public long SampledHits;

    /// <summary>How long the load took, in microseconds: what one hit saves.</summary>
    public int LoadMicroseconds;

    /// <summary>The policy's number for the key.</summary>
    public int Node = -1;

    /// <summary>The policy's queue in which the entry stands.</summary>
    public byte Queue;
}

/// <summary>What a hit reads, on one or two cache lines together with the value. Changes under the category's lock; readers take none.</summary>
internal abstract class CacheEntry(string key, uint hash, uint mapHash) : EntryRecord
{
    public readonly string Key = key;

    /// <summary>The next entry of the map's bucket.</summary>
    public CacheEntry? Chain;

    /// <summary>
    /// Clock reading (ms) until which a hit needs no thought; earlier than <see cref="EntryRecord.ExpiresAt"/> where the value is refreshed
    /// ahead. Negative while nobody has asked for what a warming loaded: that first hit is counted, under the lock.
    /// </summary>
    public long FreshUntil;

    /// <summary>The category's invalidation sequence up to which this entry is known to be covered by none.</summary>
    public long CheckedAt;
    public long DataVersion;

    /// <summary>The map's hash, which differs from process to process.</summary>
    public readonly uint MapHash = mapHash;

    /// <summary>The hash of statistics and eviction.</summary>
    public readonly uint Hash = hash;

    /// <summary>When a hit reloads the value in the background.</summary>
    public long RefreshAt => Math.Abs(FreshUntil);
}

/// <summary>An entry with its value.</summary>
internal sealed class CacheEntry<T>(string key, uint hash, uint mapHash, T value) : CacheEntry(key, hash, mapHash)
{
    public readonly T Value = value;
}
