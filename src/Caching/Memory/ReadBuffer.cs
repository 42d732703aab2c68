using System.Numerics;

namespace Fettle.Caching.Memory;

/// <summary>
/// Hits on their way to the eviction policy: a ring for every few threads, written without a lock and drained under the category's.
/// Lossy is fine: a full ring, or two threads that write one slot, costs the policy a reading and never the cache a value.
/// </summary>
internal sealed class ReadBuffer
{
    const int LeastSlots = 64;
    const int AllSlots = 4096;
    readonly int _slots;
    readonly Ring[] _rings;

    /// <param name="capacity">Entries of the cache. A loop over all of them is a run of hits as long as the cache is large.</param>
    public ReadBuffer(int capacity)
    {
        var rings = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, Environment.ProcessorCount));
        _slots = Math.Clamp(capacity, LeastSlots, Math.Max(LeastSlots, AllSlots / rings));
        _rings = [.. Enumerable.Range(0, rings).Select(_ => new Ring(_slots))];
    }

    /// <returns>False when the ring is full.</returns>
    public bool Add(CacheEntry entry)
    {
        var rings = _rings;
        var ring = rings[Environment.CurrentManagedThreadId & (rings.Length - 1)];
        var at = ring.Written;
        if (at < ring.Hits.Length)
        {
            ring.Hits[at] = entry;
            ring.Written = at + 1;
            return true;
        }

        return false;
    }

    /// <returns>How many were taken.</returns>
    public int Drain<TState>(TState state, Action<TState, CacheEntry> take)
    {
        var taken = 0;
        foreach (var ring in _rings)
        {
            var written = Math.Min(ring.Written, _slots);
            for (var i = 0; i < written; i++)
            {
                if (ring.Hits[i] is { } hit)
                {
                    take(state, hit);
                    ring.Hits[i] = null;
                }
            }

            ring.Written = 0;
            taken += written;
        }

        return taken;
    }

    public void Clear() => Drain(0, static (_, _) => { });

    sealed class Ring(int slots)
    {
        public readonly CacheEntry?[] Hits = new CacheEntry?[slots];
        public volatile int Written;
    }
}
