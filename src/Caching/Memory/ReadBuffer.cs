using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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
        // More rings than processors, so that two threads rarely fall on one.
        var rings = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(8, Environment.ProcessorCount * 4));
        _slots = Math.Clamp(capacity, LeastSlots, Math.Max(LeastSlots, AllSlots / rings));
        _rings = [.. Enumerable.Range(0, rings).Select(_ => new Ring(_slots))];
    }

    /// <param name="entry">The entry that was hit.</param>
    /// <param name="thread">The number of the thread, which chooses the ring.</param>
    /// <returns>False when the ring is full.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Add(CacheEntry entry, int thread)
    {
        var rings = _rings;
        ref var ring = ref rings[thread & (rings.Length - 1)];
        var at = ring.Written;
        if (at < ring.Hits.Length)
        {
            ring.Hits[at].Entry = entry;
            ring.Written = at + 1;
            return true;
        }

        return false;
    }

    /// <returns>How many were taken.</returns>
    public int Drain<TState>(TState state, Action<TState, CacheEntry> take)
    {
        var taken = 0;
        foreach (ref var ring in _rings.AsSpan())
        {
            var written = Math.Min(ring.Written, _slots);
            for (var i = 0; i < written; i++)
            {
                if (ring.Hits[i].Entry is { } hit)
                {
                    take(state, hit);
                    ring.Hits[i].Entry = null;
                }
            }

            ring.Written = 0;
            taken += written;
        }

        return taken;
    }

    public void Clear() => Drain(0, static (_, _) => { });

    /// <summary>Spares the check of the element's type that storing into an array of references costs.</summary>
    struct Slot
    {
        public CacheEntry? Entry;
    }

    /// <summary>The count lies 64 bytes from whatever else is written, or two threads would fight over a line they do not share.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 136)]
    struct Ring(int slots)
    {
        [FieldOffset(0)]
        public readonly Slot[] Hits = new Slot[slots];

        [FieldOffset(64)]
        public volatile int Written;
    }
}
