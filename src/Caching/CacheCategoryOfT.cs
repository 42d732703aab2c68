using Fettle.Caching.Loading;
using Fettle.Caching.Memory;
using Fettle.Caching.SecondTier;
using Fettle.Caching.Statistics;

namespace Fettle.Caching;

/// <summary>
/// Values of one type under string keys, in memory and, where the cache has one, in the second tier.
/// </summary>
/// <remarks>
/// The promise: once <see cref="RemoveAsync"/>, <see cref="SetAsync"/> or a removal by tag, prefix or pattern has returned, no call of this
/// node that begins later returns an older value, and no load that began earlier stores one in either tier, refreshes included.
/// The order of events under the category's lock gives it for the memory tier, leases give it for the second (docs/caching-proof.md).
/// </remarks>
/// <typeparam name="T">The type of the values; null and false are values.</typeparam>
public sealed partial class CacheCategory<T> : CacheCategory
{
    readonly FettleCache _cache;
    readonly MemoryTier<T> _memory;
    readonly MonotonicClock _clock;
    readonly CategoryCounters _counters = new();
    readonly SecondTierGuard? _second;
    readonly ICacheSerializer<T>? _serializer;
    readonly Func<T, long>? _sizeOf;
    readonly Func<long>? _dataVersion;
    readonly TimeToLiveTuner? _tuner;
    readonly Func<T, int>? _print;
    readonly Dictionary<string, Flight<T>> _flights = new(StringComparer.Ordinal);
    Action<Evicted<T>>? _evicted;
    readonly Dictionary<string, RunningSet> _sets = new(StringComparer.Ordinal);

    internal CacheCategory(FettleCache cache, CategoryOptions options, ICacheSerializer<T>? serializer)
        : base(options)
    {
        _cache = cache;
        _clock = cache.Clock;
        _memory = new MemoryTier<T>(options, cache.Budget, _counters);
        _second = options.UseSecondTier ? cache.Guard : null;
        _serializer = serializer;
        _sizeOf = Of<long>(options.SizeOf, nameof(options.SizeOf));
        _dataVersion = options.DataVersion;
        _tuner = options.Auto is { } auto ? new TimeToLiveTuner(auto with { }, options.TimeToLive) : null;
        _print = Of<int>(options.Auto?.Print, nameof(AutoTimeToLive.Print));
        if (_second is not null && serializer is null)
        {
            Throw.NoSerializer(options.Name, typeof(T));
        }
    }

    /// <summary>Told of entries that leave the memory tier while they could still have been served. Called outside all locks; must not throw.</summary>
    public event Action<Evicted<T>>? Evicted
    {
        add
        {
            _evicted += value;
            _memory.Notes = true;
        }
        remove => _evicted -= value;
    }

    /// <inheritdoc/>
    public override int Count => _memory.Count;

    internal override long Bytes => _memory.Bytes;

    /// <summary>The policy that eviction imitates now.</summary>
    internal string EvictionLeader => _memory.EvictionLeader;

    long CurrentDataVersion
    {
        get
        {
            var source = _dataVersion;
            return source is null ? 0 : source();
        }
    }

    /// <inheritdoc/>
    public override string? CheckIntegrity() => _memory.CheckIntegrity();

    internal override bool EvictOne()
    {
        List<Evicted<T>>? evicted = null;
        bool any;
        lock (_memory.Gate)
        {
            any = _memory.EvictOne(ref evicted);
        }

        Tell(evicted);
        return any;
    }

    /// <summary>The category's own lease check: nothing that covers the key has happened since the flight began. Under the lock.</summary>
    bool IsAlive(Flight<T> flight, string[] tags) => !flight.IsDead && !_memory.IsCovered(flight.StartSequence, flight.Key, tags);

    Func<T, TResult>? Of<TResult>(Delegate? given, string name)
    {
        if (given is not null and not Func<T, TResult>)
        {
            Throw.WrongFunction(Name, name, given.GetType(), typeof(Func<T, TResult>));
        }

        return (Func<T, TResult>?)given;
    }

    void Tell(List<Evicted<T>>? evicted)
    {
        if (evicted is not null && _evicted is { } told)
        {
            foreach (var entry in evicted)
            {
                told(entry);
            }
        }
    }
}
