using System.Numerics;

namespace Fettle.Caching.Memory.Experts;

/// <summary>
/// How often a key was seen of late, from 0 to 15: a count-min sketch of 4-bit counters in four rows, halved after ten times as many
/// increments as there are keys (Einziger, Friedman, Manes, TinyLFU, ACM TOS 2017).
/// </summary>
internal sealed class FrequencySketch
{
    const ulong OneMask = 0x1111_1111_1111_1111;
    const ulong ResetMask = 0x7777_7777_7777_7777;
    readonly ulong[] _table;
    readonly int _sample;
    int _increments;

    public FrequencySketch(int keys)
    {
        // Sixteen counters a key; four times that in small caches, whose traces have many more keys than they hold.
        var words = Math.Max(keys, Math.Min(4L * keys, 65_536));
        _table = new ulong[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(words, 64, 1 << 26))];
        _sample = (int)Math.Min(10L * Math.Max(16, keys), int.MaxValue);
    }

    public int Estimate(uint hash)
    {
        var least = 15;
        for (var row = 0; row < 4; row++)
        {
            var (word, shift) = Locate(hash, row);
            least = Math.Min(least, (int)((_table[word] >> shift) & 15));
        }

        return least;
    }

    public void Increment(uint hash)
    {
        var added = false;
        for (var row = 0; row < 4; row++)
        {
            var (word, shift) = Locate(hash, row);
            if (((_table[word] >> shift) & 15) < 15)
            {
                _table[word] += 1UL << shift;
                added = true;
            }
        }

        if (added && ++_increments >= _sample)
        {
            Halve();
        }
    }

    public void Clear()
    {
        Array.Clear(_table);
        _increments = 0;
    }

    void Halve()
    {
        var odd = 0;
        for (var i = 0; i < _table.Length; i++)
        {
            odd += BitOperations.PopCount(_table[i] & OneMask);
            _table[i] = (_table[i] >> 1) & ResetMask;
        }

        _increments = (_increments - (odd >> 2)) >> 1;
    }

    (int Word, int Shift) Locate(uint hash, int row)
    {
        var mixed = (hash + ((ulong)row * 0x9E3779B97F4A7C15)) * 0xD6E8FEB86659FD93;
        mixed ^= mixed >> 32;
        mixed *= 0xD6E8FEB86659FD93;
        return ((int)(mixed >> 40) & (_table.Length - 1), (int)(mixed & 15) << 2);
    }
}
