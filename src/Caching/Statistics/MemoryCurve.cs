namespace Fettle.Caching.Statistics;

/// <summary>
/// What share of the requests an LRU cache of other sizes would answer, from the reuse distances of a sample of the keys
/// (SHARDS: Waldspurger, Park, Garthwaite, Ahmad, FAST 2015, with its correction for the size of the sample).
/// The sampled keys stand in one stack, newest first; a key's place is its distance. The stack ends at four times the cache, and the
/// sample is chosen so that this is at most 512 keys, so a sampled request costs one search of 2 KiB.
/// </summary>
internal sealed class MemoryCurve
{
    /// <summary>Sampled keys that stand for the whole cache, at most.</summary>
    const int MaxUnit = 128;
    static readonly double[] Factors = [0.5, 1, 2, 4];
    readonly Lock _gate = new();
    readonly uint[] _stack;
    readonly int[] _ends;
    readonly long[] _hits = new long[4];
    readonly int _capacity;
    readonly int _shift;
    int _count;
    long _sampled;
    long _dropped;

    public MemoryCurve(int capacity)
    {
        _capacity = capacity;
        while (capacity >> _shift > MaxUnit)
        {
            _shift++;
        }

        var unit = (double)capacity / (1 << _shift);
        _ends = [.. Factors.Select(f => Math.Max(1, (int)Math.Round(unit * f)))];
        _stack = new uint[_ends[^1]];
    }

    /// <summary>The largest hash of the sample: nothing but this is compared for the other keys.</summary>
    public uint Sample => uint.MaxValue >> _shift;

    /// <summary>Sees a request of any key.</summary>
    public void See(uint hash)
    {
        if (hash <= Sample)
        {
            See(new ReadOnlySpan<uint>(ref hash));
        }
    }

    /// <summary>Sees the hits that wait in a cell.</summary>
    public void See(HitCell cell)
    {
        See(((ReadOnlySpan<uint>)cell.Samples)[..cell.Sampled]);
        cell.Sampled = 0;
    }

    /// <summary>Sees requests of keys in the sample, oldest first. Nobody waits here: what meets others is left out of the count.</summary>
    void See(ReadOnlySpan<uint> hashes)
    {
        if (!_gate.TryEnter())
        {
            Interlocked.Add(ref _dropped, hashes.Length);
            return;
        }

        try
        {
            foreach (var hash in hashes)
            {
                Move(hash);
            }

            _sampled += hashes.Length;
        }
        finally
        {
            _gate.Exit();
        }
    }

    void Move(uint hash)
    {
        var at = _stack.AsSpan(0, _count).IndexOf(hash);
        if (at == 0)
        {
            for (var i = 0; i < _hits.Length; i++)
            {
                _hits[i]++;
            }

            return;
        }

        if (at > 0)
        {
            for (var i = 0; i < _ends.Length; i++)
            {
                _hits[i] += at < _ends[i] ? 1 : 0;
            }
        }
        else
        {
            at = _count < _stack.Length ? _count++ : _count - 1;
        }

        _stack.AsSpan(0, at).CopyTo(_stack.AsSpan(1));
        _stack[0] = hash;
    }

    /// <summary>The curve; empty before a hundred sampled requests.</summary>
    /// <param name="requests">All requests of the category.</param>
    /// <param name="waiting">Requests of the sample among them that are not seen yet.</param>
    public MemoryCurvePoint[] Read(long requests, int waiting = 0)
    {
        lock (_gate)
        {
            if (_sampled < 100)
            {
                return [];
            }

            // A popular key inside or outside the sample tips the rates; what is missing from the expected count are such near repeats.
            var expected = Math.Max(1, (requests / (double)(1L << _shift)) - waiting - Interlocked.Read(ref _dropped));
            return [.. Factors.Select((f, i) => new MemoryCurvePoint(
                f, (int)Math.Min(int.MaxValue, Math.Max(1, _capacity * f)), Math.Clamp(100 * (_hits[i] + expected - _sampled) / expected, 0, 100)))];
        }
    }
}
