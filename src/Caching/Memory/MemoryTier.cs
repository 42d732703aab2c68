using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Fettle.Caching.Statistics;
using Fettle.Caching.Warming;

namespace Fettle.Caching.Memory;

/// <summary>
/// The entries of one category. Readers take no lock: they find the entry in the map and compare three fields of it. All changes, and
/// readings that must decide something, happen under <see cref="Gate"/>, where map, policy, sizes and rules always agree.
/// </summary>
internal sealed class MemoryTier<T>
{
    readonly ConcurrentDictionary<string, CacheEntry<T>> _map = new(StringComparer.Ordinal);
    readonly EvictionPolicy _policy;
    readonly InvalidationRules _rules = new();
    readonly MissReasons _reasons;
    readonly string _category;
    readonly int _maxEntries;
    readonly long _maxBytes;
    readonly SharedBudget _budget;
    readonly CategoryCounters _counters;
    IEnumerator<KeyValuePair<string, CacheEntry<T>>>? _sweep;
    long _sweepSequence;
    long _sweptUpTo;
    long _sequence;

    public MemoryTier(CategoryOptions options, SharedBudget budget, CategoryCounters counters)
    {
        _category = options.Name;
        _maxEntries = options.MaxEntries;
        _maxBytes = options.MaxBytes ?? long.MaxValue;
        _budget = budget;
        _counters = counters;
        _policy = new EvictionPolicy(options.MaxEntries);
        _reasons = new MissReasons(options.MaxEntries);
        Curve = new MemoryCurve(options.MaxEntries);
    }

    /// <summary>Guards everything but lock-free reading; never held across a callback or an await.</summary>
    public Lock Gate { get; } = new();

    /// <summary>What other sizes would answer.</summary>
    public MemoryCurve Curve { get; }

    /// <summary>Whether somebody listens to evictions.</summary>
    public bool Notes { get; set; }

    /// <summary>The number of the newest bulk invalidation.</summary>
    public long Sequence => Volatile.Read(ref _sequence);

    public int Count => _policy.Count;

    public long Bytes { get; private set; }

    public string EvictionLeader => _policy.Leader;

    public ICollection<CacheEntry<T>> Entries => _map.Values;

    /// <summary>The lock-free hit: present, fresh, compared with the newest invalidation, and of current data.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryHit(string key, long now, long dataVersion, out CacheEntry<T> entry)
    {
        if (_map.TryGetValue(key, out entry!) && now < entry.FreshUntil && entry.CheckedAt == Volatile.Read(ref _sequence) && entry.DataVersion >= dataVersion)
        {
            Touch(entry);
            return true;
        }

        return false;
    }

    /// <summary>Records a hit. A hot entry of a full cache is only read, so that two threads do not fight over its cache line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(CacheEntry entry)
    {
        if (!_policy.Record(entry))
        {
            DrainReads(entry);
        }

        Curve.See(entry.Hash);

        // One hit in eight, chosen by a multiplicative hash so that no access pattern falls in step with it.
        var draw = (ulong)_counters.Hits.Increment() * 0x9E3779B97F4A7C15;
        if (draw >> 61 == 0)
        {
            Sample(entry, draw << 3);
        }
    }

    /// <summary>The more hits an entry has, the fewer are sampled and the more each counts: threads that hit it seldom take its cache line from each other.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Sample(CacheEntry entry, ulong draw)
    {
        var hits = entry.SampledHits;
        var bits = hits < 512 ? 0 : hits < 8192 ? 3 : 6;
        if (bits == 0 || draw >> (64 - bits) == 0)
        {
            entry.SampledHits = hits + (8L << bits);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void DrainReads(CacheEntry entry)
    {
        if (Gate.IsHeldByCurrentThread)
        {
            _policy.DrainReads();
            _policy.Record(entry);
        }
        else if (Gate.TryEnter())
        {
            try
            {
                _policy.DrainReads();
                _policy.Record(entry);
            }
            finally
            {
                Gate.Exit();
            }
        }
    }

    /// <summary>The entry if it may be served, fresh or within its stale window; removes it when covered or too old. Under the lock.</summary>
    public CacheEntry<T>? Find(string key, uint hash, long now, long dataVersion, out MissReason reason)
    {
        if (!_map.TryGetValue(key, out var entry))
        {
            reason = _reasons.Find(hash);
            return null;
        }

        if (entry.DataVersion < dataVersion || _rules.Covers(entry.CheckedAt, _category, key, entry.Tags))
        {
            Remove(entry, reason = MissReason.Invalidated);
            return null;
        }

        entry.CheckedAt = _sequence;
        if (now >= entry.StaleUntil)
        {
            Remove(entry, reason = MissReason.Expired);
            return null;
        }

        if (entry.FreshUntil < 0 && !WarmScope.IsActive)
        {
            entry.FreshUntil = -entry.FreshUntil;
            _counters.AskedKeys += now < entry.ExpiresAt ? 1 : 0;
        }

        reason = MissReason.Expired;
        return entry;
    }

    /// <summary>Whether something loaded since <paramref name="checkedAt"/> is covered by a later bulk invalidation. Under the lock.</summary>
    public bool IsCovered(long checkedAt, string key, string[] tags) => _rules.Covers(checkedAt, _category, key, tags);

    /// <summary>Whether a tag was removed since, of whatever entry. Under the lock.</summary>
    public bool IsAnyTagRemovedSince(long checkedAt) => _rules.AnyTagSince(checkedAt);

    /// <summary>Puts an entry in, compared with all rules by the caller, and evicts what no longer fits. Under the lock.</summary>
    public void Put(CacheEntry<T> entry, ref List<Evicted<T>>? evicted)
    {
        if (_map.TryGetValue(entry.Key, out var old))
        {
            Unlink(old);
            evicted = Note(evicted, old, EvictionReason.Replaced);
        }

        if (entry.Bytes > _maxBytes || entry.Bytes > _budget.Max)
        {
            _map.TryRemove(entry.Key, out _);
            _counters.EvictedBySize++;
            return;
        }

        entry.CheckedAt = _sequence;
        _map[entry.Key] = entry;
        Bytes += entry.Bytes;
        _budget.Add(entry.Bytes);
        _policy.Missed(entry);
        while (_policy.Count >= _maxEntries || Bytes > _maxBytes)
        {
            if (!EvictOne(ref evicted))
            {
                break;
            }
        }

        _policy.Add(entry);
    }

    /// <summary>Evicts the policy's victim. Under the lock.</summary>
    public bool EvictOne(ref List<Evicted<T>>? evicted)
    {
        if (_policy.Victim() is not { } victim)
        {
            return false;
        }

        var entry = Unsafe.As<CacheEntry<T>>(victim);
        var reason = _policy.Count >= _maxEntries ? EvictionReason.Capacity : EvictionReason.Size;
        if (reason == EvictionReason.Size)
        {
            _policy.Resize(_policy.Count);
        }

        _map.TryRemove(entry.Key, out _);
        _policy.Evict(entry);
        Account(entry);
        _reasons.Remember(entry.Hash, MissReason.Evicted);
        _counters.Evicted++;
        evicted = Note(evicted, entry, reason);
        return true;
    }

    /// <summary>Takes a key out. Under the lock.</summary>
    public bool Remove(string key, MissReason reason)
    {
        if (!_map.TryGetValue(key, out var entry))
        {
            return false;
        }

        Remove(entry, reason);
        return true;
    }

    /// <summary>Adds a bulk invalidation and does a bounded share of comparing entries with the rules. Under the lock.</summary>
    public void Invalidate(in Invalidation rule)
    {
        if (_rules.IsFull)
        {
            // More rules than the sweep could finish: give up the category rather than grow.
            Clear();
            return;
        }

        var next = _sequence + 1;
        _rules.Add(next, rule);
        Volatile.Write(ref _sequence, next);
        Sweep(Math.Clamp(_policy.Count / 16, 256, 4096));
        _rules.Trim(_sweptUpTo);
    }

    /// <summary>Forgets all entries in constant time (but for the reasons of the first few thousand). Under the lock.</summary>
    public void Clear()
    {
        var remembered = 0;
        foreach (var pair in _map)
        {
            _reasons.Remember(pair.Value.Hash, MissReason.Invalidated);
            _counters.Retire(pair.Value);
            if (++remembered == 4096)
            {
                break;
            }
        }

        _counters.Invalidated += _policy.Count;
        _map.Clear();
        _policy.Clear();
        _budget.Add(-Bytes);
        Bytes = 0;
        _sweep?.Dispose();
        _sweep = null;
        Volatile.Write(ref _sequence, _sequence + 1);
        _rules.DropUpTo(_sequence);
    }

    /// <summary>Compares up to <paramref name="entries"/> entries with the rules; a finished round drops the rules that were there when it began.</summary>
    void Sweep(int entries)
    {
        if (_sweep is null)
        {
            _sweep = _map.GetEnumerator();
            _sweepSequence = _sequence;
        }

        while (entries-- > 0)
        {
            if (!_sweep.MoveNext())
            {
                _sweep.Dispose();
                _sweep = null;
                _sweptUpTo = _sweepSequence;
                return;
            }

            var entry = _sweep.Current.Value;
            if (entry.CheckedAt == _sequence || !_map.TryGetValue(entry.Key, out var current) || current != entry)
            {
                continue;
            }

            if (_rules.Covers(entry.CheckedAt, _category, entry.Key, entry.Tags))
            {
                Remove(entry, MissReason.Invalidated);
            }
            else
            {
                entry.CheckedAt = _sequence;
            }
        }
    }

    void Remove(CacheEntry<T> entry, MissReason reason)
    {
        _map.TryRemove(entry.Key, out _);
        Unlink(entry);
        _reasons.Remember(entry.Hash, reason);
        switch (reason)
        {
            case MissReason.Expired:
                _counters.Expired++;
                break;
            default:
                _counters.Invalidated++;
                break;
        }
    }

    void Unlink(CacheEntry<T> entry)
    {
        _policy.Remove(entry);
        Account(entry);
    }

    void Account(CacheEntry<T> entry)
    {
        Bytes -= entry.Bytes;
        _budget.Add(-entry.Bytes);
        _counters.Retire(entry);
    }

    List<Evicted<T>>? Note(List<Evicted<T>>? list, CacheEntry<T> entry, EvictionReason reason)
    {
        if (Notes)
        {
            list ??= [];
            list.Add(new Evicted<T>(entry.Key, entry.Value, reason));
        }

        return list;
    }

    /// <summary>Recounts map, queues, bytes; the sentence says what does not agree, or null.</summary>
    public string? CheckIntegrity()
    {
        lock (Gate)
        {
            var bytes = 0L;
            var count = 0;
            foreach (var (key, entry) in _map)
            {
                bytes += entry.Bytes;
                count++;
                if (entry.Key != key)
                {
                    return $"entry '{entry.Key}' stands under '{key}'";
                }
            }

            return count != _policy.Count ? $"{count} entries in the map, {_policy.Count} in the policy"
                : bytes != Bytes ? $"entries have {bytes} bytes, the tier counts {Bytes}"
                : count > _maxEntries ? $"{count} entries, allowed {_maxEntries}"
                : bytes > _maxBytes ? $"{bytes} bytes, allowed {_maxBytes}"
                : _policy.CheckIntegrity();
        }
    }
}

/// <summary>The bytes that all categories of a cache share.</summary>
internal sealed class SharedBudget(long max)
{
    long _used;

    public long Max { get; } = max;

    public long Used => Interlocked.Read(ref _used);

    public bool IsExceeded => Used > Max;

    public void Add(long bytes) => Interlocked.Add(ref _used, bytes);
}
