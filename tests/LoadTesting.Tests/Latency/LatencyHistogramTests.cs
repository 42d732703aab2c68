namespace Fettle.LoadTesting.Tests.Latency;

public sealed class LatencyHistogramTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Percentiles_EqualExactSortingWithinATenthOfAPercent(int seed)
    {
        var random = new Random(seed);
        var histogram = new LatencyHistogram();
        var values = new long[50_000];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (long)Math.Exp(Math.Log(1_000) + random.NextDouble() * Math.Log(3.6e9));
            histogram.RecordNanoseconds(values[i]);
        }

        Array.Sort(values);
        foreach (var percentile in new[] { 0.0, 1, 10, 50, 90, 99, 99.9, 99.99, 100 })
        {
            var exact = values[Math.Max(1, (int)Math.Ceiling(percentile / 100 * values.Length - 1e-9)) - 1];
            ((double)histogram.NanosecondsAt(percentile)).ShouldBe(exact, exact * 0.001);
        }

        histogram.Count.ShouldBe(values.Length);
        histogram.Mean.TotalNanoseconds.ShouldBe(values.Average(), 200);
    }

    [Fact]
    public void Merged_EqualsRecordedTogether()
    {
        var random = new Random(7);
        var (a, b, all) = (new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram());
        for (var i = 0; i < 10_000; i++)
        {
            var value = (long)(random.NextDouble() * random.NextDouble() * 1e9);
            (i % 3 == 0 ? a : b).RecordNanoseconds(value);
            all.RecordNanoseconds(value);
        }

        a.Add(b);
        a.Buckets().ShouldBe(all.Buckets());
        (a.Count, a.Min, a.Max).ShouldBe((all.Count, all.Min, all.Max));
        a.Mean.TotalMicroseconds.ShouldBe(all.Mean.TotalMicroseconds, 0.2);
    }

    [Fact]
    public void RoundTripOverResult_KeepsEverySlot()
    {
        var random = new Random(11);
        var histogram = new LatencyHistogram();
        for (var i = 0; i < 5_000; i++)
        {
            histogram.RecordNanoseconds((long)Math.Exp(random.NextDouble() * 28));
        }

        LatencyHistogram.FromResult(histogram.ToResult()).Buckets().ShouldBe(histogram.Buckets());
    }

    [Fact]
    public void Extremes_AreClampedAndEmptyIsZero()
    {
        var histogram = new LatencyHistogram();
        histogram.ValueAt(99).ShouldBe(TimeSpan.Zero);
        histogram.Min.ShouldBe(TimeSpan.Zero);
        histogram.Record(TimeSpan.FromDays(2));
        histogram.Max.ShouldBe(TimeSpan.FromHours(1));
        histogram.RecordNanoseconds(-5);
        histogram.Min.ShouldBe(TimeSpan.Zero);
        Should.Throw<ArgumentOutOfRangeException>(() => histogram.ValueAt(100.5));
        histogram.Clear();
        histogram.Count.ShouldBe(0);
        histogram.Buckets().ShouldBeEmpty();
    }
}
