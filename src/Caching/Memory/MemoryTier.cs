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
    /// <summary>Buckets a sweep looks at, at most: many are empty after much was removed.</summary>
    const int BucketsPerSweep = 65_536;
    readonly EntryMap _map = new();
    readonly EvictionPolicy _policy;
    readonly InvalidationRules _rules = new();
    readonly MissReasons _reasons;
    readonly string _category;
    readonly int _maxEntries;
    readonly long _maxBytes;
    readonly SharedBudget _budget;
    readonly CategoryCounters _counters;
    readonly HitCells _hits;
    readonly uint _sample;
    bool _isSweeping;
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
        _hits = counters.Hits;
        // More than these bytes have room for will never be here, so nothing is laid out for them.
        var capacity = (int)Math.Clamp(Math.Min(_maxBytes, budget.Max) / EntrySize.Overhead, 1, options.MaxEntries);
        _policy = new EvictionPolicy(capacity);
        _reasons = new MissReasons(capacity);
        Curve = new MemoryCurve(capacity);
        _sample = Curve.Sample;
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

    /// <summary>Under the lock, while nothing changes.</summary>
    public IEnumerable<CacheEntry> Entries => _map.All();

    /// <summary>The lock-free hit: present, fresh, compared with the newest invalidation, and of current data.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryHit(string key, long now, long dataVersion, out CacheEntry<T> entry)
    {
        ArgumentNullException.ThrowIfNull(key);
        var found = _map.Find(key, MapHash.Of(key));
        entry = Unsafe.As<CacheEntry<T>>(found)!;
        if (found is not null && now < found.FreshUntil && found.CheckedAt == Volatile.Read(ref _sequence) && found.DataVersion >= dataVersion)
        {
            Touch(found);
            return true;
        }

        return false;
    }

    /// <summary>Records a hit. A hot entry of a full cache is only read, so that two threads do not fight over its cache line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(CacheEntry entry)
    {
        var cell = _hits.Mine;
        if (!_policy.Record(entry, cell.Ring))
        {
            DrainReads(entry, cell.Ring);
        }

        if (entry.Hash <= _sample)
        {
            SeeHit(cell, entry.Hash);
        }

        // One hit in eight, chosen by a multiplicative hash so that no access pattern falls in step with it.
        var draw = (ulong)++cell.Hits * 0x9E3779B97F4A7C15;
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
    void SeeHit(HitCell cell, uint hash)
    {
        cell.Samples[cell.Sampled] = hash;
        if (++cell.Sampled == HitSamples.Length)
        {
            Curve.See(cell);
        }
    }

    /// <summary>Shows the curve a request that memory did not answer, behind the thread's hits before it.</summary>
    public void SeeMiss(uint hash)
    {
        if (hash <= _sample)
        {
            Curve.See(_hits.Mine);
            Curve.See(hash);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void DrainReads(CacheEntry entry, int thread)
    {
        if (Gate.IsHeldByCurrentThread)
        {
            _policy.DrainReads();
            _policy.Record(entry, thread);
        }
        else if (Gate.TryEnter())
        {
            try
            {
                _policy.DrainReads();
                _policy.Record(entry, thread);
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
        if (Find(key) is not { } entry)
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

    /// <summary>Under the lock.</summary>
    CacheEntry<T>? Find(string key) => Unsafe.As<CacheEntry<T>?>(_map.Find(key, MapHash.Of(key)));

    /// <summary>Whether something loaded since <paramref name="checkedAt"/> is covered by a later bulk invalidation. Under the lock.</summary>
    public bool IsCovered(long checkedAt, string key, string[] tags) => _rules.Covers(checkedAt, _category, key, tags);

    /// <summary>Whether a tag was removed since, of whatever entry. Under the lock.</summary>
    public bool IsAnyTagRemovedSince(long checkedAt) => _rules.AnyTagSince(checkedAt);

    /// <summary>Puts an entry in, compared with all rules by the caller, and evicts what no longer fits. Under the lock.</summary>
    public void Put(CacheEntry<T> entry, ref List<Evicted<T>>? evicted)
    {
        var fits = entry.Bytes <= _maxBytes && entry.Bytes <= _budget.Max;
        var old = Find(entry.Key);
        entry.CheckedAt = _sequence;
        if (fits)
        {
            // Before the old one goes, so that a reader finds one of them.
            _map.Add(entry);
        }

        if (old is not null)
        {
            _map.Remove(old);
            Unlink(old);
            evicted = Note(evicted, old, EvictionReason.Replaced);
        }

        if (!fits)
        {
            _counters.EvictedBySize++;
            return;
        }

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

        _map.Remove(entry);
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
        if (Find(key) is not { } entry)
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
        foreach (var entry in _map.All())
        {
            _reasons.Remember(entry.Hash, MissReason.Invalidated);
            _counters.Retire(entry);
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
        _isSweeping = false;
        Volatile.Write(ref _sequence, _sequence + 1);
        _rules.DropUpTo(_sequence);
    }

    /// <summary>Compares up to <paramref name="entries"/> entries with the rules; a finished round drops the rules that were there when it began.</summary>
    void Sweep(int entries)
    {
        if (!_isSweeping)
        {
            _isSweeping = true;
            _map.Cursor = 0;
            _sweepSequence = _sequence;
        }

        for (var buckets = BucketsPerSweep; entries > 0 && buckets > 0 && _map.Cursor < _map.Buckets; buckets--)
        {
            for (var entry = _map.First(_map.Cursor++); entry is not null; entries--)
            {
                var next = entry.Chain;
                Compare(Unsafe.As<CacheEntry<T>>(entry));
                entry = next;
            }
        }

        if (_map.Cursor == _map.Buckets)
        {
            _isSweeping = false;
            _sweptUpTo = _sweepSequence;
        }
    }

    void Compare(CacheEntry<T> entry)
    {
        if (entry.CheckedAt == _sequence)
        {
            return;
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

    void Remove(CacheEntry<T> entry, MissReason reason)
    {
        _map.Remove(entry);
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
            foreach (var entry in _map.All())
            {
                bytes += entry.Bytes;
                count++;
                if (_map.Find(entry.Key, MapHash.Of(entry.Key)) != entry)
                {
                    return $"entry '{entry.Key}' is not found under its key";
                }
            }

            return count != _map.Count ? $"{count} entries in the buckets, the map counts {_map.Count}"
                : count != _policy.Count ? $"{count} entries in the map, {_policy.Count} in the policy"
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
