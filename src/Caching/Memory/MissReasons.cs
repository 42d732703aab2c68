using System.Numerics;

namespace Fettle.Caching.Memory;

/// <summary>
/// Remembers for what reason keys left the memory tier: a direct-mapped table of two bytes a slot (14 bits of the hash, 2 of reason).
/// A collision or an overwritten slot makes a miss count as cold: the reasons are statistics.
/// </summary>
internal sealed class MissReasons(int maxEntries)
{
    readonly ushort[] _slots = new ushort[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(4L * maxEntries, 256, 1 << 20))];

    public void Remember(uint hash, MissReason reason) =>
        _slots[hash & (_slots.Length - 1)] = (ushort)((hash >> 18 << 2) | (uint)reason);

    public MissReason Find(uint hash)
    {
        var slot = _slots[hash & (_slots.Length - 1)];
        return slot >> 2 == hash >> 18 ? (MissReason)(slot & 3) : MissReason.Cold;
    }
}

/// <summary>Why a key was not in the memory tier.</summary>
internal enum MissReason
{
    Cold = 0,
    Expired = 1,
    Evicted = 2,
    Invalidated = 3,
}
