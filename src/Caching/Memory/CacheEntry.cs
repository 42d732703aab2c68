namespace Fettle.Caching.Memory;

/// <summary>
/// What the memory tier knows of one entry besides its value. Readers touch it without a lock: they write only
/// <see cref="SampledHits"/>, where a lost write costs precision and never correctness. All else changes under the category's lock.
/// </summary>
internal abstract class CacheEntry(string key, uint hash)
{
    // The runtime puts references first, then eight bytes, then four, each in this order, and the value of the derived type behind them:
    // what a hit reads stands last, so that it and the value lie on one or two cache lines.
    public readonly string Key = key;
    public string[] Tags = [];
    public CacheEntry? Previous;
    public CacheEntry? Next;
    public long ExpiresAt;
    public long StaleUntil;

    /// <summary>When the value's own time to live ends, which the memory tier's may cut short.</summary>
    public long LoadedUntil;
    public long Bytes;

    /// <summary>Hits, estimated from a sample.</summary>
    public long SampledHits;
    public long DataVersion;

    /// <summary>The category's invalidation sequence up to which this entry is known to be covered by none.</summary>
    public long CheckedAt;

    /// <summary>
    /// Clock reading (ms) until which a hit needs no thought; earlier than <see cref="ExpiresAt"/> where the value is refreshed ahead.
    /// Negative while nobody has asked for what a warming loaded: that first hit is counted, under the lock.
    /// </summary>
    public long FreshUntil;

    /// <summary>How long the load took, in microseconds: what one hit saves.</summary>
    public int LoadMicroseconds;

    /// <summary>The policy's number for the key.</summary>
    public int Node = -1;
    public readonly uint Hash = hash;

    /// <summary>The policy's queue in which the entry stands.</summary>
    public byte Queue;

    /// <summary>When a hit reloads the value in the background.</summary>
    public long RefreshAt => Math.Abs(FreshUntil);
}

/// <summary>An entry with its value.</summary>
internal sealed class CacheEntry<T>(string key, uint hash, T value) : CacheEntry(key, hash)
{
    public readonly T Value = value;
}
