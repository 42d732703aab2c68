using System.Numerics;

namespace Fettle.AspNetCore;

/// <summary>
/// Response times of the last minute in six slots of ten seconds. A slot is a histogram of 16 buckets per power of two
/// of microseconds, so a quantile is off by at most 6.25 %. Recording is a few interlocked additions;
/// a request that ends while its slot turns over may be counted in the neighbour, which a window tolerates.
/// </summary>
internal sealed class RequestWindow(TimeProvider time)
{
    const int Slots = 6;
    const int BucketsPerOctave = 16;
    const int Buckets = 32 * BucketsPerOctave;
    static readonly TimeSpan SlotLength = TimeSpan.FromSeconds(10);

    readonly long _start = time.GetTimestamp();
    readonly Slot[] _slots = [.. Enumerable.Range(0, Slots).Select(_ => new Slot())];
    readonly long[] _all = new long[Buckets];
    long _allMicroseconds;
    long _total;
    long _errors;
    long _inFlight;

    public TimeSpan Uptime => time.GetElapsedTime(_start);

    /// <summary>Requests since the start.</summary>
    public long Total => Interlocked.Read(ref _total);

    /// <summary>Answers of status 500 and above since the start.</summary>
    public long Errors => Interlocked.Read(ref _errors);

    /// <summary>Requests that have begun and not ended.</summary>
    public long InFlight => Interlocked.Read(ref _inFlight);

    public void Begin() => Interlocked.Increment(ref _inFlight);

    public void End() => Interlocked.Decrement(ref _inFlight);

    public void Record(TimeSpan duration, bool failed)
    {
        Interlocked.Increment(ref _total);
        if (failed)
        {
            Interlocked.Increment(ref _errors);
        }

        var slot = Current(out var number);
        slot.Enter(number);
        var microseconds = Math.Max(1, (long)duration.TotalMicroseconds);
        var bucket = BucketOf(microseconds);
        Interlocked.Increment(ref slot.Counts[bucket]);
        Interlocked.Add(ref slot.Sum, microseconds);
        Interlocked.Increment(ref _all[bucket]);
        Interlocked.Add(ref _allMicroseconds, microseconds);
    }

    public WindowSnapshot Snapshot()
    {
        Current(out var now);
        var counts = new long[Buckets];
        long sum = 0;
        foreach (var slot in _slots)
        {
            if (now - slot.Number >= Slots)
            {
                continue;
            }

            sum += Interlocked.Read(ref slot.Sum);
            for (var b = 0; b < Buckets; b++)
            {
                counts[b] += Interlocked.Read(ref slot.Counts[b]);
            }
        }

        var covered = TimeSpan.FromTicks(Math.Min(Uptime.Ticks, (Slots - 1) * SlotLength.Ticks + Uptime.Ticks % SlotLength.Ticks));
        return new WindowSnapshot(counts, sum, covered);
    }

    /// <summary>Everything since the start; the difference of two is the interval between them.</summary>
    public WindowSnapshot Cumulative()
    {
        var counts = new long[Buckets];
        for (var b = 0; b < Buckets; b++)
        {
            counts[b] = Interlocked.Read(ref _all[b]);
        }

        return new WindowSnapshot(counts, Interlocked.Read(ref _allMicroseconds), Uptime);
    }

    Slot Current(out long number)
    {
        number = Uptime.Ticks / SlotLength.Ticks;
        return _slots[number % Slots];
    }

    static int BucketOf(long microseconds)
    {
        var octave = BitOperations.Log2((ulong)microseconds);
        var within = octave >= 4 ? (int)((microseconds >> (octave - 4)) & 15) : (int)((microseconds << (4 - octave)) & 15);
        return Math.Min(octave * BucketsPerOctave + within, Buckets - 1);
    }

    internal static double UpperBoundMs(int bucket) =>
        Math.ScaleB(1 + (bucket % BucketsPerOctave + 1) / (double)BucketsPerOctave, bucket / BucketsPerOctave) / 1000;

    sealed class Slot
    {
        public readonly long[] Counts = new long[Buckets];
        public long Number;
        public long Sum;
        readonly Lock _lock = new();

        public void Enter(long number)
        {
            if (Volatile.Read(ref Number) == number)
            {
                return;
            }

            lock (_lock)
            {
                if (Number != number)
                {
                    Array.Clear(Counts);
                    Sum = 0;
                    Volatile.Write(ref Number, number);
                }
            }
        }
    }
}

/// <summary>The window at one moment.</summary>
internal sealed record WindowSnapshot(long[] Counts, long SumMicroseconds, TimeSpan Covered)
{
    public long Count { get; } = Counts.Sum();

    public double AverageMs => Count == 0 ? 0 : SumMicroseconds / 1000.0 / Count;

    public double PerSecond => Covered <= TimeSpan.Zero ? 0 : Count / Covered.TotalSeconds;

    /// <summary>What came after the earlier snapshot.</summary>
    public WindowSnapshot Since(WindowSnapshot earlier) =>
        new([.. Counts.Zip(earlier.Counts, (now, then) => now - then)], SumMicroseconds - earlier.SumMicroseconds, Covered - earlier.Covered);

    /// <summary>Upper bound in milliseconds of the bucket that holds the quantile; 0 without requests.</summary>
    public double QuantileMs(double quantile)
    {
        var rank = (long)Math.Ceiling(quantile * Count);
        for (var b = 0; b < Counts.Length && Count > 0; b++)
        {
            rank -= Counts[b];
            if (rank <= 0)
            {
                return RequestWindow.UpperBoundMs(b);
            }
        }

        return 0;
    }
}
