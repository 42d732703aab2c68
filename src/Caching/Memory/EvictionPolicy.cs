using Fettle.Caching.Memory.Experts;

namespace Fettle.Caching.Memory;

/// <summary>
/// Evicts what the currently best of several policies would not hold.
/// <list type="number">
/// <item>LRU, S3-FIFO and W-TinyLFU play as experts on the keys alone; each knows which keys it would hold at the real capacity.</item>
/// <item>The leader is the expert with most hits of late (exponential decay). A challenger takes over when it is
/// ahead by half the keys it holds and the cache does not: what the change may cost in misses.</item>
/// <item>The real cache imitates the leader lazily: its entries stand in two queues, those the leader holds and those it does not. A victim
/// comes from the second, oldest first, and only when that is empty from the first. The real contents become the leader's within one turn-over.</item>
/// </list>
/// Invariant: an entry stands in <c>_condemned</c> exactly when the leader does not hold its key.
/// After "Competitive paging algorithms" (Fiat et al. 1991), where any set of policies is imitated this way.
/// All under the category's lock, except <see cref="Record"/>.
/// </summary>
internal sealed class EvictionPolicy
{
    /// <summary>Accesses, in capacities, over which an expert's hits fade. Measured from 2 to 20 on recorded and generated traces.</summary>
    const double Memory = 20;

    /// <summary>The lead a challenger needs before its contents are compared, in capacities.</summary>
    const double Margin = 0.01;

    /// <summary>
    /// The lead a challenger needs to take over, as a share of the keys it holds and the cache does not: a change costs up to so many misses.
    /// </summary>
    const double SwitchShare = 0.5;
    const int CreditOfAMiss = 32;
    const long MaxCredit = 1 << 22;
    readonly NodeTable _nodes = new();
    readonly Expert[] _experts;
    readonly FrequencySketch _sketch;
    readonly EntryList _kept = new(0);
    readonly EntryList _condemned = new(1);
    readonly ReadBuffer _reads;
    readonly double _decay;
    long _credit;
    readonly int _capacity;
    Expert _leader;
    readonly int _checkEvery;
    int _sinceCheck;

    public EvictionPolicy(int capacity)
    {
        _capacity = capacity;
        _checkEvery = Math.Max(32, capacity / 16);
        _reads = new ReadBuffer(capacity);
        _sketch = new FrequencySketch(capacity);
        _experts =
        [
            new LruExpert(capacity),
            new S3FifoExpert(capacity),
            new TinyLfuExpert(capacity, 0.01, _sketch, "W-TinyLFU 1 %"),
        ];
        foreach (var expert in _experts)
        {
            expert.Changed = OnChanged;
            expert.Forgotten = OnForgotten;
            expert.Grow(_nodes.Capacity);
        }

        _leader = _experts[2];
        _decay = 1 - (1.0 / Math.Max(200, Memory * capacity));
    }

    public int Count => _kept.Count + _condemned.Count;

    public string Leader => _leader.Name;

    /// <summary>Notes a hit, without a lock; false when the buffer is full and <see cref="DrainReads"/> is due.</summary>
    /// <remarks>
    /// The experts may spend a fixed number of accesses for every miss, which costs far more than they do. When that credit is used up,
    /// hits are lost: a cache that only hits has nothing to decide, and its hits stay cheap.
    /// </remarks>
    public bool Record(CacheEntry entry) => _reads.Add(entry) || _credit <= 0;

    /// <summary>Shows the experts the hits that wait. Under the lock.</summary>
    public void DrainReads() => _credit -= _reads.Drain(this, static (policy, hit) =>
    {
        if (hit.Node >= 0)
        {
            policy.Access(hit.Node, hit.Hash);
        }
    });

    /// <summary>Sees the miss that brings this entry in, and all hits before it. Before victims are asked for.</summary>
    public void Missed(CacheEntry entry)
    {
        DrainReads();
        _credit = Math.Min(Math.Max(_credit, 0) + CreditOfAMiss, MaxCredit);
        var node = _nodes.FindOrAdd(entry.Hash);
        foreach (var expert in _experts)
        {
            expert.Grow(_nodes.Capacity);
        }

        Access(node, entry.Hash);
    }

    /// <summary>Adds the entry that was just seen.</summary>
    public void Add(CacheEntry entry)
    {
        var node = _nodes.FindOrAdd(entry.Hash);
        ref var known = ref _nodes.EntryOf(node);
        entry.Node = known is null ? node : -1;
        if (known is null)
        {
            known = entry;
        }

        ListOf(node, entry).AddNewest(entry);
    }

    /// <summary>The entry left for another reason than eviction: the experts forget it too.</summary>
    public void Remove(CacheEntry entry)
    {
        Unlink(entry);
        var node = entry.Node;
        if (node >= 0)
        {
            _nodes.EntryOf(node) = null;
            entry.Node = -1;
            foreach (var expert in _experts)
            {
                expert.Remove(node);
            }

            OnForgotten(node);
        }
    }

    /// <summary>The next to evict, or null when there is none.</summary>
    public CacheEntry? Victim() => _condemned.Oldest ?? _kept.Oldest;

    /// <summary>Takes a victim out; the experts go on with it as they like.</summary>
    public void Evict(CacheEntry victim)
    {
        Unlink(victim);
        var node = victim.Node;
        if (node >= 0)
        {
            _nodes.EntryOf(node) = null;
            victim.Node = -1;
            OnForgotten(node);
        }
    }

    /// <summary>Fewer entries fit than the category allows, because they are large: the experts play with what fits.</summary>
    public void Resize(int capacity)
    {
        foreach (var expert in _experts)
        {
            expert.Capacity = Math.Max(1, capacity);
        }
    }

    public void Clear()
    {
        _reads.Clear();
        _nodes.Clear();
        _kept.Clear();
        _condemned.Clear();
        foreach (var expert in _experts)
        {
            expert.Clear();
        }
    }

    void Access(int node, uint hash)
    {
        _sketch.Increment(hash);
        Expert best = _leader;
        foreach (var expert in _experts)
        {
            expert.Score = (expert.Score * _decay) + (expert.Access(node, hash) ? 1 : 0);
            if (expert.Score > best.Score)
            {
                best = expert;
            }
        }

        var lead = best.Score - _leader.Score;
        if (++_sinceCheck > _checkEvery && lead > 1 + (Margin * _capacity))
        {
            _sinceCheck = 0;
            if (lead > SwitchShare * MissingOf(best))
            {
                Lead(best);
            }
        }
    }

    /// <summary>How many keys the challenger holds that the cache does not: the misses that a change of leader may cost.</summary>
    int MissingOf(Expert challenger)
    {
        var common = 0;
        foreach (var list in (ReadOnlySpan<EntryList>)[_kept, _condemned])
        {
            for (var entry = list.Oldest; entry is not null; entry = entry.Next)
            {
                common += entry.Node >= 0 && challenger.Holds(entry.Node) ? 1 : 0;
            }
        }

        return Count - common;
    }

    void Lead(Expert leader)
    {
        _leader = leader;
        MoveAll(_kept, _condemned, leader, holds: false);
        MoveAll(_condemned, _kept, leader, holds: true);
    }

    void MoveAll(EntryList from, EntryList to, Expert leader, bool holds)
    {
        for (var entry = from.Oldest; entry is not null;)
        {
            var next = entry.Next;
            if (entry.Node >= 0 && leader.Holds(entry.Node) == holds)
            {
                from.Remove(entry);
                to.AddNewest(entry);
            }

            entry = next;
        }
    }

    void OnChanged(Expert expert, int node)
    {
        if (expert == _leader && _nodes.EntryOf(node) is { } entry)
        {
            Unlink(entry);
            ListOf(node, entry).AddNewest(entry);
        }
    }

    void OnForgotten(int node)
    {
        if (_nodes.EntryOf(node) is null && !Array.Exists(_experts, e => e.Knows(node)) && _nodes.TryFind(_nodes.HashOf(node), out var current) && current == node)
        {
            _nodes.Free(node);
        }
    }

    EntryList ListOf(int node, CacheEntry entry) => entry.Node >= 0 && _leader.Holds(node) ? _kept : _condemned;

    void Unlink(CacheEntry entry) => (entry.Queue == 0 ? _kept : _condemned).Remove(entry);

    /// <summary>Compares the queues with the leader; the sentence says what does not agree, or null.</summary>
    public string? CheckIntegrity()
    {
        for (var entry = _kept.Oldest; entry is not null; entry = entry.Next)
        {
            if (entry.Queue != 0 || entry.Node < 0 || !_leader.Holds(entry.Node) || _nodes.EntryOf(entry.Node) != entry)
            {
                return $"'{entry.Key}' is kept, but {_leader.Name} does not hold it";
            }
        }

        for (var entry = _condemned.Oldest; entry is not null; entry = entry.Next)
        {
            if (entry.Queue != 1 || (entry.Node >= 0 && _leader.Holds(entry.Node)))
            {
                return $"'{entry.Key}' is condemned, but {_leader.Name} holds it";
            }
        }

        return null;
    }
}
