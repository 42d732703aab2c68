using System.Runtime.CompilerServices;

namespace Fettle.Caching.Memory;

/// <summary>
/// Bytes an entry takes: the caller's measure of the value, else the length of strings and arrays, else the stored length, else 64; plus the
/// key, the tags, and what the cache itself spends on an entry.
/// </summary>
internal static class EntrySize
{
    /// <summary>
    /// What a full cache spends on an entry beside key, tags and value: the entry, its place in the map, what the three policies hold and
    /// remember, the sketch, the reasons of misses. Measured by MemoryBoundTests over sizes and workloads.
    /// </summary>
    public const int Overhead = 315;

    public static long Of<T>(string key, T value, string[] tags, int storedBytes, Func<T, long>? sizeOf)
    {
        var size = sizeOf is not null ? Math.Max(0, sizeOf(value)) : value switch
        {
            null => 0,
            string text => Text(text),
            byte[] bytes => 24 + bytes.LongLength,
            double[] numbers => 24 + (8 * numbers.LongLength),
            float[] numbers => 24 + (4 * numbers.LongLength),
            _ => Math.Max(64, 2L * storedBytes),
        };
        return size + Overhead + Unsafe.SizeOf<T>() + Text(key) + (tags.Length == 0 ? 0 : 24 + (8L * tags.Length));
    }

    /// <summary>A string on a 64-bit runtime: header, length, characters and their end, in steps of eight.</summary>
    static long Text(string text) => (22 + (2L * text.Length) + 7) & ~7L;
}
