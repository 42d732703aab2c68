using Fettle.Caching.Statistics;

namespace Fettle.Caching;

/// <summary>What a cache does with a category without knowing the type of its values.</summary>
public abstract class CacheCategory
{
    private protected CacheCategory(CategoryOptions options) => Options = options;

    /// <summary>The category's name.</summary>
    public string Name => Options.Name;

    internal CategoryOptions Options { get; }

    internal abstract long Bytes { get; }

    /// <summary>Entries in the memory tier.</summary>
    public abstract int Count { get; }

    /// <summary>Removes a key from both tiers. Once it returns, no caller of this node gets an older value.</summary>
    public abstract ValueTask RemoveAsync(string key);

    /// <summary>Removes the keys that start with the prefix (ordinal) from both tiers, with work that does not grow with their number.</summary>
    public abstract ValueTask RemoveByPrefixAsync(string prefix);

    /// <summary>Removes the keys that the glob matches: <c>*</c> any run, <c>?</c> one character, <c>\</c> escapes.</summary>
    public abstract ValueTask RemoveByPatternAsync(string glob);

    /// <summary>Removes every key of the category.</summary>
    public abstract ValueTask ClearAsync();

    /// <summary>The counts until now.</summary>
    public abstract CategoryStatistics GetStatistics();

    /// <summary>As <see cref="GetStatistics"/>, without what takes a walk over all entries: no keys, and no time saved by live ones.</summary>
    internal abstract CategoryStatistics GetCounts();

    /// <summary>Recounts what the memory tier holds; returns what does not agree, or null.</summary>
    public abstract string? CheckIntegrity();

    /// <summary>Applies an invalidation to the memory tier and to the loads that run.</summary>
    internal abstract void ApplyLocally(in Invalidation invalidation);

    /// <summary>Announcements were lost: forgets what depends on them.</summary>
    internal abstract void ConnectionLost();

    internal abstract bool EvictOne();

    internal abstract KeyUse[] PopularKeys();

    /// <summary>A warming has ended: what it is worth shows in the minute that follows.</summary>
    internal abstract void BeginFirstMinute();

    internal abstract void AddPopular(IEnumerable<KeyUse> uses);
}
