namespace Fettle.Caching.Memory;

/// <summary>
/// What the memory tier knows of one entry besides its value. Readers touch it without a lock: they write only
/// <see cref="SampledHits"/>, where a lost write costs precision and never correctness. All else changes under the category's lock.
/// </summary>
internal abstract class CacheEntry(string key, uint hash)
{
    public readonly string Key = key;
    public readonly uint Hash = hash;

    /// <summary>Clock reading (ms) until which a hit needs no thought; earlier than <see cref="ExpiresAt"/> where the value is refreshed ahead.</summary>
    public long FreshUntil;
    public long ExpiresAt;
    public long StaleUntil;

    /// <summary>When the value's own time to live ends, which the memory tier's may cut short.</summary>
    public long LoadedUntil;

    /// <summary>The category's invalidation sequence up to which this entry is known to be covered by none.</summary>
    public long CheckedAt;
    public long DataVersion;
    public string[] Tags = [];
    public long Bytes;

    /// <summary>How long the load took, in microseconds: what one hit saves.</summary>
    public int LoadMicroseconds;

    /// <summary>Hits, estimated from a sample of one in eight.</summary>
    public long SampledHits;

    // ---- the eviction policy's own ----
    public int Node = -1;
    public byte Queue;
    public CacheEntry? Previous;
    public CacheEntry? Next;
}

/// <summary>An entry with its value.</summary>
internal sealed class CacheEntry<T>(string key, uint hash, T value) : CacheEntry(key, hash)
{
    public readonly T Value = value;
}
