using System.Numerics;

namespace Fettle.AspNetCore;

/// <summary>
/// One instrument's values for one set of tags; lock-free where it is written often. A histogram is written in stripes, one for each of a few
/// processors, so that requests on different ones do not wait for each other's cache line; reading adds the stripes.
/// </summary>
internal sealed class MetricSeries
{
    const int MostStripes = 8;

    /// <summary>A power of two.</summary>
    static readonly int Stripes = Math.Min(MostStripes, (int)BitOperations.RoundUpToPowerOf2((uint)Environment.ProcessorCount));

    /// <summary>Each holds the counts of the buckets, then the bits of the sum.</summary>
    readonly long[][]? _stripes;
    readonly double[]? _bounds;
    double _value;

    /// <param name="labels">Rendered and escaped: <c>a="x",b="y"</c>, empty without tags.</param>
    /// <param name="bounds">Upper bounds of the buckets; null for what is no histogram.</param>
    public MetricSeries(string labels, double[]? bounds)
    {
        (Labels, _bounds) = (labels, bounds);
        if (bounds is not null)
        {
            _stripes = new long[Stripes][];
            for (var s = 0; s < Stripes; s++)
            {
                _stripes[s] = new long[bounds.Length + 2];
            }
        }
    }

    /// <summary>Rendered and escaped: <c>a="x",b="y"</c>, empty without tags.</summary>
    public string Labels { get; }

    /// <summary>A histogram's sum.</summary>
    public double Value => _stripes is null ? Volatile.Read(ref _value) : _stripes.Sum(s => BitConverter.Int64BitsToDouble(Interlocked.Read(ref s[^1])));

    public long Count => BucketCounts().Sum();

    public double[]? Bounds => _bounds;

    public void Add(double value)
    {
        double seen;
        do
        {
            seen = Volatile.Read(ref _value);
        }
        while (Interlocked.CompareExchange(ref _value, seen + value, seen).CompareTo(seen) != 0);
    }

    public void Set(double value) => Volatile.Write(ref _value, value);

    public void Observe(double value)
    {
        // From below: what is recorded most often is short.
        var (bounds, index) = (_bounds!, 0);
        while (index < bounds.Length && value > bounds[index])
        {
            index++;
        }

        var stripe = _stripes![Thread.GetCurrentProcessorId() & (Stripes - 1)];
        Interlocked.Increment(ref stripe[index]);
        ref var sum = ref stripe[bounds.Length + 1];
        long seen;
        do
        {
            seen = Volatile.Read(ref sum);
        }
        while (Interlocked.CompareExchange(ref sum, BitConverter.DoubleToInt64Bits(BitConverter.Int64BitsToDouble(seen) + value), seen) != seen);
    }

    /// <summary>Counts by bucket; the last is what is above all bounds.</summary>
    public long[] BucketCounts()
    {
        var counts = new long[_bounds!.Length + 1];
        foreach (var stripe in _stripes!)
        {
            for (var b = 0; b < counts.Length; b++)
            {
                counts[b] += Interlocked.Read(ref stripe[b]);
            }
        }

        return counts;
    }
}
