namespace Fettle.Caching.Memory;

/// <summary>Bytes an entry takes: the caller's measure, else the length of strings and arrays, else the stored length, else 64; plus the entry itself.</summary>
internal static class EntrySize
{
    /// <summary>Entry, map node and headers on a 64-bit runtime, added up from their fields with a 16-character key: an estimate, not a measurement.</summary>
    const int Overhead = 232;

    public static long Of<T>(string key, T value, string[] tags, int storedBytes, Func<T, long>? sizeOf)
    {
        var size = sizeOf is not null ? Math.Max(0, sizeOf(value)) : value switch
        {
            null => 0,
            string text => 22 + (2L * text.Length),
            byte[] bytes => 24 + bytes.LongLength,
            double[] numbers => 24 + (8 * numbers.LongLength),
            float[] numbers => 24 + (4 * numbers.LongLength),
            _ => Math.Max(64, 2L * storedBytes),
        };
        return size + Overhead + (2L * key.Length) + (8L * tags.Length);
    }
}
