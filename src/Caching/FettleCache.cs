using System.Collections.Concurrent;
using Fettle.Caching.Memory;
using Fettle.Caching.SecondTier;
using Fettle.Caching.Statistics;

namespace Fettle.Caching;

/// <summary>
/// A cache of categories in memory, optionally backed by a second tier that all nodes share.
/// <code>
/// await using var cache = new FettleCache();
/// var quotes = cache.Category&lt;Quote&gt;(new CategoryOptions("quotes") { TimeToLive = TimeSpan.FromMinutes(5) });
/// var quote = await quotes.GetOrCreateAsync("TCS", token => LoadAsync("TCS", token));
/// </code>
/// </summary>
public sealed class FettleCache : IAsyncDisposable
{
    readonly ConcurrentDictionary<string, CacheCategory> _categories = new(StringComparer.Ordinal);
    readonly Lock _creating = new();
    readonly FettleCacheOptions _options;
    readonly ISecondTier? _tier;
    readonly CacheMeters _meters;
    int _disposed;

    /// <summary>Creates a cache; with a second tier it subscribes to its invalidations at once. Disposing the cache disposes the tier.</summary>
    public FettleCache(FettleCacheOptions? options = null, ISecondTier? secondTier = null)
    {
        _options = (options ?? new FettleCacheOptions()) with { };
        Clock = new MonotonicClock(_options.Time);
        Budget = new SharedBudget(_options.MaxBytes);
        _tier = secondTier;
        if (secondTier is not null)
        {
            Guard = new SecondTierGuard(secondTier, _options);
            secondTier.Subscribe(new Sink(this));
        }

        _meters = new CacheMeters(this);
    }

    internal MonotonicClock Clock { get; }

    internal SharedBudget Budget { get; }

    internal SecondTierGuard? Guard { get; }

    internal TimeProvider Time => _options.Time;

    internal FettleCacheOptions Options => _options;

    /// <summary>Whether the second tier is there and answers. True without one is impossible: then it is false.</summary>
    public bool IsSecondTierUsable => Guard is { IsUsable: true };

    /// <summary>Every category, by name.</summary>
    public IReadOnlyList<CacheCategory> Categories => [.. _categories.Values.OrderBy(c => c.Name, StringComparer.Ordinal)];

    /// <summary>Creates a category, or returns the one created before with the same options.</summary>
    /// <typeparam name="T">The type of the values.</typeparam>
    /// <param name="options">What the category promises.</param>
    /// <param name="serializer">How values are stored in the second tier; needed where the category uses one.</param>
    public CacheCategory<T> Category<T>(CategoryOptions options, ICacheSerializer<T>? serializer = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ThrowIfDisposed();
        lock (_creating)
        {
            if (_categories.TryGetValue(options.Name, out var known))
            {
                if (known is not CacheCategory<T> typed)
                {
                    Throw.CategoryTypeDiffers(options.Name, known.GetType().GenericTypeArguments[0], typeof(T));
                    return null;
                }

                if (!known.Options.Equals(options))
                {
                    Throw.CategoryOptionsDiffer(options.Name);
                }

                return typed;
            }

            var category = new CacheCategory<T>(this, options with { }, serializer);
            _categories[options.Name] = category;
            return category;
        }
    }

    /// <summary>The category with this name, or null.</summary>
    public CacheCategory? Find(string name) => _categories.GetValueOrDefault(name);

    /// <summary>Removes every entry that carries the tag, in all categories and both tiers, with work that does not grow with their number.</summary>
    public ValueTask RemoveByTagAsync(string tag)
    {
        ArgumentException.ThrowIfNullOrEmpty(tag);
        return InvalidateAsync(Invalidation.ForTag(tag));
    }

    /// <summary>Removes every entry of all categories.</summary>
    public ValueTask ClearAsync() => InvalidateAsync(Invalidation.Everything);

    /// <summary>The counts of all categories, and what the second tier tells of itself.</summary>
    public async ValueTask<CacheStatistics> GetStatisticsAsync(CancellationToken cancellationToken = default)
    {
        SecondTierHealth? health = null;
        if (_tier is not null)
        {
            var (_, tier) = await Guard!.ReadAsync(
                new Budget(TimeSpan.FromSeconds(1)), cancellationToken, static (tier, _, token) => tier.GetStatisticsAsync(token));
            health = new SecondTierHealth(Guard.IsUsable, Guard.Outages, Guard.Pending, tier);
        }

        return new CacheStatistics(Budget.Used, Budget.Max, [.. Categories.Select(c => c.GetStatistics())], health);
    }

    /// <summary>Recounts what the memory tier of every category holds; returns what does not agree, or null.</summary>
    public string? CheckIntegrity()
    {
        foreach (var category in _categories.Values)
        {
            if (category.CheckIntegrity() is { } problem)
            {
                return $"category '{category.Name}': {problem}";
            }
        }

        var bytes = _categories.Values.Sum(c => c.Bytes);
        return bytes == Budget.Used ? null : $"categories hold {bytes} bytes, the cache counts {Budget.Used}";
    }

    /// <summary>Stops the background work and disposes the second tier.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _meters.Dispose();
            Guard?.Dispose();
            if (_tier is not null)
            {
                await _tier.DisposeAsync();
            }
        }
    }

    internal void ThrowIfDisposed()
    {
        if (Volatile.Read(ref _disposed) != 0)
        {
            Throw.Disposed();
        }
    }

    /// <summary>Evicts from the category that holds most until the bytes of all fit; takes one category's lock at a time.</summary>
    internal void TrimToBudget()
    {
        while (Budget.IsExceeded && _categories.Values.MaxBy(c => c.Bytes) is { } largest && largest.EvictOne())
        {
        }
    }

    async ValueTask InvalidateAsync(Invalidation invalidation)
    {
        ThrowIfDisposed();
        try
        {
            if (Guard is not null)
            {
                await Guard.InvalidateAsync([invalidation]);
            }
        }
        finally
        {
            ApplyToAll(invalidation);
        }
    }

    void ApplyToAll(in Invalidation invalidation)
    {
        foreach (var category in _categories.Values)
        {
            category.ApplyLocally(invalidation);
        }
    }

    sealed class Sink(FettleCache cache) : SecondTierSink
    {
        public override void Invalidated(in Invalidation invalidation)
        {
            if (invalidation.Kind is InvalidationKind.Tag or InvalidationKind.Everything)
            {
                cache.ApplyToAll(invalidation);
            }
            else
            {
                cache.Find(invalidation.Category)?.ApplyLocally(invalidation);
            }
        }

        public override void ConnectionLost()
        {
            foreach (var category in cache._categories.Values)
            {
                category.ConnectionLost();
            }

            cache.Guard?.Lost();
        }

        public override void ConnectionRestored() => cache.Guard?.Wake();

        public override void Troubled(string problem) => cache._options.Notice?.Invoke(new CacheNotice(true, problem));
    }
}
