using System.Numerics;

namespace Fettle.Caching.Memory;

/// <summary>
/// Hits on their way to the eviction policy: a ring for every few threads, written without a lock and drained under the category's.
/// Lossy is fine: a full ring, or two threads that write one slot, costs the policy a reading and never the cache a value.
/// </summary>
internal sealed class ReadBuffer
{
    const int Slots = 64;
    readonly Ring[] _rings = CreateRings();

    public void Add(CacheEntry entry)
    {
        var rings = _rings;
        var ring = rings[Environment.CurrentManagedThreadId & (rings.Length - 1)];
        var at = ring.Written;
        if (at < Slots)
        {
            ring.Hits[at] = entry;
            ring.Written = at + 1;
        }
    }

    public void Drain<TState>(TState state, Action<TState, CacheEntry> take)
    {
        foreach (var ring in _rings)
        {
            var written = Math.Min(ring.Written, Slots);
            for (var i = 0; i < written; i++)
            {
                if (ring.Hits[i] is { } hit)
                {
                    take(state, hit);
                    ring.Hits[i] = null;
                }
            }

            ring.Written = 0;
        }
    }

    public void Clear() => Drain(0, static (_, _) => { });

    static Ring[] CreateRings() => [.. Enumerable.Range(0, (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, Environment.ProcessorCount))).Select(_ => new Ring())];

    sealed class Ring
    {
        public readonly CacheEntry?[] Hits = new CacheEntry?[Slots];
        public volatile int Written;
    }
}
