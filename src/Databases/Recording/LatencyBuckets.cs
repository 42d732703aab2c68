using System.Diagnostics;
using System.Numerics;

namespace Fettle.Databases.Recording;

/// <summary>
/// Counts durations in log-linear buckets: 64 per octave of nanoseconds, so a percentile is at most 1.6 % above the true value.
/// An octave's counters are made when first hit; adding is one interlocked increment.
/// </summary>
internal sealed class LatencyBuckets
{
    const int Bits = 6;
    const int Octaves = 42;
    readonly long[]?[] _octaves = new long[Octaves][];

    public void Add(long stopwatchTicks)
    {
        var nanoseconds = Math.Max(1, (long)(stopwatchTicks * (1e9 / Stopwatch.Frequency)));
        var (octave, slot) = Locate(nanoseconds);
        var counters = Volatile.Read(ref _octaves[octave]) ?? Interlocked.CompareExchange(ref _octaves[octave], new long[1 << Bits], null) ?? _octaves[octave]!;
        Interlocked.Increment(ref counters[slot]);
    }

    /// <summary>Non-empty buckets in ascending order: upper bound in milliseconds, and count.</summary>
    public List<(double UpperMilliseconds, long Count)> Read()
    {
        var buckets = new List<(double, long)>();
        for (var octave = 0; octave < Octaves; octave++)
        {
            if (_octaves[octave] is not { } counters)
            {
                continue;
            }

            for (var slot = 0; slot < counters.Length; slot++)
            {
                if (Volatile.Read(ref counters[slot]) is var count and > 0)
                {
                    buckets.Add((Upper(octave, slot) / 1e6, count));
                }
            }
        }

        return buckets;
    }

    static (int Octave, int Slot) Locate(long nanoseconds)
    {
        var log = BitOperations.Log2((ulong)nanoseconds);
        if (log < Bits)
        {
            return (0, (int)nanoseconds);
        }

        var octave = Math.Min(log - Bits + 1, Octaves - 1);
        return (octave, (int)((nanoseconds >> (log - Bits)) & ((1 << Bits) - 1)));
    }

    static double Upper(int octave, int slot) => octave == 0 ? slot : Math.ScaleB((1 << Bits) + slot + 1, octave - 1);
}
