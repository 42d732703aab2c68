using System.Numerics;
using System.Runtime.InteropServices;

namespace Fettle.Caching.Memory;

/// <summary>A hash that is the same in every process, for statistics and eviction; the map uses the runtime's own, which resists attack.</summary>
internal static class KeyHash
{
    public static uint Of(string key)
    {
        var hash = 0x9E3779B97F4A7C15UL ^ (uint)key.Length;
        var bytes = MemoryMarshal.AsBytes(key.AsSpan());
        while (bytes.Length >= 8)
        {
            hash = BitOperations.RotateLeft((hash ^ MemoryMarshal.Read<ulong>(bytes)) * 0xD6E8FEB86659FD93, 29);
            bytes = bytes[8..];
        }

        foreach (var b in bytes)
        {
            hash = (hash ^ b) * 0xD6E8FEB86659FD93;
        }

        hash ^= hash >> 32;
        hash *= 0xD6E8FEB86659FD93;
        return (uint)(hash >> 32);
    }
}
