using System.Runtime.CompilerServices;
using Fettle.Caching.Memory.Experts;

namespace Fettle.Caching.Memory;

/// <summary>
/// Evicts what a weighted vote of several policies would not hold.
/// <list type="number">
/// <item>LRU, S3-FIFO and W-TinyLFU play as experts on the keys alone; each knows which keys it would hold at the real capacity.</item>
/// <item>An expert's weight is exponential in its lead of hits (multiplicative weights). Experts that are close vote; one that is far
/// ahead decides alone. Following the leader of the day instead loses where the leads reverse, because each change of leader costs as many
/// misses as the two contents differ.</item>
/// <item>The real cache's entries stand in one queue for each set of experts that hold them. A victim is the oldest of the queue
/// whose experts weigh least. So contents change lazily, and a change of weights moves nothing.</item>
/// <item>W-TinyLFU begins with more weight than the others together, until it has fallen behind: what a loop needs must be kept from the
/// start, and what it would have kept wrongly costs little.</item>
/// </list>
/// Invariant: an entry stands in the queue of exactly the experts that hold its key.
/// After Littlestone and Warmuth, "The weighted majority algorithm" (1994). All under the category's lock, except <see cref="Record"/>.
/// </summary>
internal sealed class EvictionPolicy
{
    /// <summary>Accesses, in capacities, over which an expert's hits fade.</summary>
    const double Memory = 40;

    /// <summary>The lead, in capacities, that multiplies an expert's weight by e.</summary>
    const double Temperature = 0.4;

    /// <summary>Times as much as another that W-TinyLFU weighs in the beginning: a little more than the two others.</summary>
    const double InitialTrust = 2.2;

    /// <summary>How far W-TinyLFU may fall behind, in capacities, before that ends.</summary>
    const double TrustLost = 0.05;
    const int LruBit = 0;
    const int S3FifoBit = 1;
    const int TinyLfuBit = 2;
    const int CreditOfAMiss = 32;
    const long MaxCredit = 1 << 22;
    readonly NodeTable _nodes = new();
    readonly Expert[] _experts;
    readonly FrequencySketch _sketch;
    readonly EntryList[] _queues = [.. Enumerable.Range(0, 8).Select(i => new EntryList((byte)i))];
    readonly int[] _leastFirst = [0, 1, 2, 3, 4, 5, 6, 7];
    readonly double[] _votes = new double[8];
    readonly ReadBuffer _reads;
    readonly double _decay;
    long _credit;
    readonly int _capacity;
    Expert _leader;
    bool _trusted = true;
    readonly int _weighEvery;
    int _sinceWeighed;

    public EvictionPolicy(int capacity)
    {
        _capacity = capacity;
        _weighEvery = Math.Max(32, capacity / 16);
        _reads = new ReadBuffer(capacity);
        _sketch = new FrequencySketch(capacity);
        _experts =
        [
            new LruExpert(capacity),
            new S3FifoExpert(capacity),
            new TinyLfuExpert(capacity, 0.01, _sketch, _nodes, "W-TinyLFU 1 %"),
        ];
        foreach (var expert in _experts)
        {
            expert.Changed = OnChanged;
            expert.Forgotten = OnForgotten;
            expert.Grow(_nodes.Capacity);
        }

        _leader = _experts[TinyLfuBit];
        _decay = 1 - (1.0 / Math.Max(200, Memory * capacity));
        Weigh();
    }

    public int Count { get; private set; }

    public string Leader => _leader.Name;

    /// <summary>Notes a hit, without a lock; false when the buffer is full and <see cref="DrainReads"/> is due.</summary>
    /// <remarks>
    /// The experts may spend a fixed number of accesses for every miss, which costs far more than they do. When that credit is used up,
    /// hits are lost: a cache that only hits has nothing to decide, and its hits stay cheap.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Record(CacheEntry entry, int thread) => _reads.Add(entry, thread) || _credit <= 0;

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

        QueueOf(entry).AddNewest(entry);
        Count++;
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
    public CacheEntry? Victim()
    {
        foreach (var queue in _leastFirst)
        {
            if (_queues[queue].Oldest is { } oldest)
            {
                return oldest;
            }
        }

        return null;
    }

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
        Count = 0;
        foreach (var queue in _queues)
        {
            queue.Clear();
        }

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
            expert.Score = (expert.Score * _decay) + (expert.Access(node) ? 1 : 0);
            if (expert.Score > best.Score)
            {
                best = expert;
            }
        }

        _leader = best;
        if (++_sinceWeighed >= _weighEvery)
        {
            _sinceWeighed = 0;
            Weigh();
        }
    }

    /// <summary>Orders the queues by the weight of the experts that hold what stands in them.</summary>
    void Weigh()
    {
        // Two hits of slack: in the smallest caches the share rounds to nothing.
        _trusted &= _experts[TinyLfuBit].Score >= _leader.Score - (TrustLost * _capacity) - 2;
        Array.Clear(_votes);
        for (var bit = 0; bit < _experts.Length; bit++)
        {
            // Between equals S3-FIFO counts a little more, so that a queue's place never depends on the sort.
            var prior = bit == TinyLfuBit && _trusted ? InitialTrust : bit == S3FifoBit ? 1.01 : bit == LruBit ? 1 : 1.001;
            var weight = prior * Math.Exp((_experts[bit].Score - _leader.Score) / (Temperature * _capacity));
            for (var queue = 0; queue < _votes.Length; queue++)
            {
                _votes[queue] += (queue >> bit & 1) * weight;
            }
        }

        // Insertion sort of eight: no comparer is allocated.
        for (var i = 1; i < _leastFirst.Length; i++)
        {
            for (var j = i; j > 0 && _votes[_leastFirst[j]] < _votes[_leastFirst[j - 1]]; j--)
            {
                (_leastFirst[j], _leastFirst[j - 1]) = (_leastFirst[j - 1], _leastFirst[j]);
            }
        }
    }

    void OnChanged(Expert expert, int node)
    {
        if (_nodes.EntryOf(node) is { } entry)
        {
            _queues[entry.Queue].Remove(entry);
            QueueOf(entry).AddNewest(entry);
        }
    }

    void OnForgotten(int node)
    {
        if (_nodes.EntryOf(node) is null && !IsKnown(node) && _nodes.TryFind(_nodes.HashOf(node), out var current) && current == node)
        {
            _nodes.Free(node);
        }
    }

    bool IsKnown(int node)
    {
        foreach (var expert in _experts)
        {
            if (expert.Knows(node))
            {
                return true;
            }
        }

        return false;
    }

    EntryList QueueOf(CacheEntry entry)
    {
        var queue = 0;
        for (var bit = 0; entry.Node >= 0 && bit < _experts.Length; bit++)
        {
            queue |= _experts[bit].Holds(entry.Node) ? 1 << bit : 0;
        }

        return _queues[queue];
    }

    void Unlink(CacheEntry entry)
    {
        _queues[entry.Queue].Remove(entry);
        Count--;
    }

    /// <summary>Compares the queues with the experts; the sentence says what does not agree, or null.</summary>
    public string? CheckIntegrity()
    {
        for (var queue = 0; queue < _queues.Length; queue++)
        {
            for (var entry = _queues[queue].Oldest; entry is not null; entry = entry.Next)
            {
                if (entry.Queue != queue || QueueOf(entry) != _queues[queue] || (entry.Node >= 0 && _nodes.EntryOf(entry.Node) != entry))
                {
                    return $"'{entry.Key}' stands in queue {queue}, which is not the one of the experts that hold it";
                }
            }
        }

        return _queues.Sum(q => q.Count) == Count ? null : $"{_queues.Sum(q => q.Count)} entries in the queues, the policy counts {Count}";
    }
}
