namespace Fettle.AspNetCore;

/// <summary>One instrument's values for one set of tags; lock-free where it is written often.</summary>
internal sealed class MetricSeries(string labels, double[]? bounds)
{
    readonly long[]? _buckets = bounds is null ? null : new long[bounds.Length + 1];
    double _sum;
    long _count;

    /// <summary>Rendered and escaped: <c>a="x",b="y"</c>, empty without tags.</summary>
    public string Labels { get; } = labels;

    public double Value => Volatile.Read(ref _sum);

    public long Count => Interlocked.Read(ref _count);

    public double[]? Bounds => bounds;

    public void Add(double value)
    {
        double seen;
        do
        {
            seen = Volatile.Read(ref _sum);
        }
        while (Interlocked.CompareExchange(ref _sum, seen + value, seen).CompareTo(seen) != 0);
    }

    public void Set(double value) => Volatile.Write(ref _sum, value);

    public void Observe(double value)
    {
        // From below: what is recorded most often is short.
        var index = 0;
        while (index < bounds!.Length && value > bounds[index])
        {
            index++;
        }

        Interlocked.Increment(ref _buckets![index]);
        Interlocked.Increment(ref _count);
        Add(value);
    }

    public long[] BucketCounts() => [.. _buckets!.Select((_, i) => Interlocked.Read(ref _buckets![i]))];
}
