using System.Numerics;
using Fettle.Shared.Results;

namespace Fettle.LoadTesting;

/// <summary>
/// A log-linear histogram of durations from 1 ns to 1 h with a relative error below 0.1 %: values below 1,024 ns are exact,
/// every power of two above is cut into 1,024 equal slots (the layout of HdrHistogram, Gil Tene).
/// Slots of a power of two are allocated when its first value arrives, so a narrow distribution costs a few kilobytes.
/// One writer at a time; merge copies of several writers with <see cref="Add"/>.
/// </summary>
public sealed class LatencyHistogram
{
    const int SlotBits = 10;
    const int Slots = 1 << SlotBits;
    const long MaxNanoseconds = 3_600_000_000_000;
    const int Chunks = 42 - SlotBits + 2;

    readonly long[]?[] _chunks = new long[]?[Chunks];
    long _min = long.MaxValue;
    long _max;
    double _sum;
    double _sumOfSquares;

    /// <summary>How many values were recorded.</summary>
    public long Count { get; private set; }

    /// <summary>The smallest recorded value, exact; zero when empty.</summary>
    public TimeSpan Min => Count == 0 ? TimeSpan.Zero : FromNanoseconds(_min);

    /// <summary>The largest recorded value, exact up to one hour; zero when empty.</summary>
    public TimeSpan Max => FromNanoseconds(_max);

    /// <summary>The arithmetic mean, exact; zero when empty.</summary>
    public TimeSpan Mean => Count == 0 ? TimeSpan.Zero : FromNanoseconds((long)(_sum / Count));

    /// <summary>The population standard deviation; zero when empty.</summary>
    public TimeSpan StandardDeviation =>
        Count == 0 ? TimeSpan.Zero : FromNanoseconds((long)Math.Sqrt(Math.Max(0, _sumOfSquares / Count - _sum / Count * (_sum / Count))));

    /// <summary>Records one duration; below zero counts as zero, above one hour as one hour.</summary>
    public void Record(TimeSpan duration) => RecordNanoseconds(duration.Ticks * 100);

    /// <summary>Records one duration in nanoseconds; below zero counts as zero, above one hour as one hour.</summary>
    public void RecordNanoseconds(long nanoseconds) => Record(nanoseconds, 1);

    /// <summary>The value at a percentile (0 to 100): the middle of its slot, within the exact minimum and maximum; zero when empty.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The percentile is outside 0 to 100.</exception>
    public TimeSpan ValueAt(double percentile) => FromNanoseconds(NanosecondsAt(percentile));

    /// <summary>The value at a percentile (0 to 100) in milliseconds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The percentile is outside 0 to 100.</exception>
    public double MillisecondsAt(double percentile) => NanosecondsAt(percentile) / 1e6;

    /// <summary>The share (0 to 1) of the recorded values that are not above the duration.</summary>
    public double ShareUpTo(TimeSpan duration)
    {
        if (Count == 0)
        {
            return 1;
        }

        var limit = duration.Ticks * 100;
        var within = 0L;
        foreach (var (upper, count) in Filled())
        {
            within += upper <= limit || upper >= limit && Lower(upper) <= limit ? count : 0;
        }

        return (double)within / Count;
    }

    /// <summary>Adds every value of the other histogram; the other one stays as it is.</summary>
    public void Add(LatencyHistogram other)
    {
        for (var c = 0; c < Chunks; c++)
        {
            if (other._chunks[c] is not { } theirs)
            {
                continue;
            }

            var mine = _chunks[c] ??= new long[Slots];
            for (var s = 0; s < Slots; s++)
            {
                mine[s] += theirs[s];
            }
        }

        Count += other.Count;
        _sum += other._sum;
        _sumOfSquares += other._sumOfSquares;
        _min = Math.Min(_min, other._min);
        _max = Math.Max(_max, other._max);
    }

    /// <summary>Forgets every value and keeps the memory.</summary>
    public void Clear()
    {
        foreach (var chunk in _chunks)
        {
            if (chunk is not null)
            {
                Array.Clear(chunk);
            }
        }

        (Count, _sum, _sumOfSquares, _min, _max) = (0, 0, 0, long.MaxValue, 0);
    }

    /// <summary>The filled slots in ascending order: upper bound in milliseconds and how many values are in the slot.</summary>
    public IEnumerable<(double UpperMilliseconds, long Count)> Buckets() => Filled().Select(b => (b.Upper / 1e6, b.Count));

    /// <summary>
    /// A histogram with the given counts, each at its upper bound in milliseconds. The round trip keeps every slot;
    /// minimum, maximum, mean and deviation become those of the slots' bounds.
    /// </summary>
    public static LatencyHistogram FromBuckets(IEnumerable<(double UpperMilliseconds, long Count)> buckets)
    {
        var histogram = new LatencyHistogram();
        foreach (var (upper, count) in buckets)
        {
            histogram.Record((long)Math.Round(upper * 1e6), count);
        }

        return histogram;
    }

    internal ResultHistogram ToResult()
    {
        var buckets = Buckets().ToArray();
        return new ResultHistogram("ms", [.. buckets.Select(b => b.UpperMilliseconds)], [.. buckets.Select(b => b.Count)]);
    }

    internal static LatencyHistogram FromResult(ResultHistogram result) => FromBuckets(result.UpperBounds.Zip(result.Counts));

    internal void Record(long nanoseconds, long count)
    {
        if (count <= 0)
        {
            return;
        }

        var value = Math.Clamp(nanoseconds, 0, MaxNanoseconds);
        var shift = Math.Max(0, 63 - BitOperations.LeadingZeroCount((ulong)value | 1) - SlotBits);
        var chunk = value < Slots ? 0 : shift + 1;
        var slot = value < Slots ? value : (value >> shift) - Slots;
        (_chunks[chunk] ??= new long[Slots])[slot] += count;
        Count += count;
        _sum += (double)value * count;
        _sumOfSquares += (double)value * value * count;
        _min = Math.Min(_min, value);
        _max = Math.Max(_max, value);
    }

    internal long NanosecondsAt(double percentile)
    {
        Throw.InRange(percentile, 0, 100, nameof(percentile));
        if (Count == 0)
        {
            return 0;
        }

        // The rank is rounded up as in the nearest-rank definition; the small subtraction keeps 99.9 % of 1,000 at rank 999.
        var rank = Math.Clamp((long)Math.Ceiling(percentile / 100 * Count - 1e-9), 1, Count);
        var seen = 0L;
        foreach (var (upper, count) in Filled())
        {
            seen += count;
            if (seen >= rank)
            {
                return Math.Clamp((Lower(upper) + upper) / 2, _min, _max);
            }
        }

        return _max;
    }

    IEnumerable<(long Upper, long Count)> Filled()
    {
        for (var c = 0; c < Chunks; c++)
        {
            if (_chunks[c] is not { } chunk)
            {
                continue;
            }

            for (var s = 0; s < Slots; s++)
            {
                if (chunk[s] > 0)
                {
                    yield return (c == 0 ? s : ((long)(s + Slots + 1) << (c - 1)) - 1, chunk[s]);
                }
            }
        }
    }

    static long Lower(long upper)
    {
        var shift = Math.Max(0, 63 - BitOperations.LeadingZeroCount((ulong)upper | 1) - SlotBits);
        return upper >> shift << shift;
    }

    static TimeSpan FromNanoseconds(long nanoseconds) => new(nanoseconds / 100);
}
