namespace Fettle.AspNetCore.Tests;

public sealed class RequestWindowTests
{
    [Fact]
    public void Quantiles_AreWithinTheBucketError()
    {
        var window = new RequestWindow(new ManualTime());
        var random = new Random(7);
        var values = Enumerable.Range(0, 20_000).Select(_ => Math.Exp(random.NextDouble() * 12)).ToArray();
        foreach (var microseconds in values)
        {
            window.Record(TimeSpan.FromMicroseconds(microseconds), failed: false);
        }

        var sorted = values.Order().ToArray();
        var snapshot = window.Snapshot();
        foreach (var quantile in new[] { 0.5, 0.9, 0.99 })
        {
            var exact = sorted[(int)Math.Ceiling(quantile * sorted.Length) - 1] / 1000;
            snapshot.QuantileMs(quantile).ShouldBeInRange(exact * 0.99, exact * 1.0715 + 0.001);
        }
    }

    [Fact]
    public void RequestsOlderThanTheWindow_AreForgotten()
    {
        var time = new ManualTime();
        var window = new RequestWindow(time);
        window.Record(TimeSpan.FromSeconds(5), failed: true);
        time.Advance(TimeSpan.FromSeconds(65));
        window.Record(TimeSpan.FromMilliseconds(1), failed: false);

        window.Snapshot().Count.ShouldBe(1);
        window.Snapshot().QuantileMs(0.99).ShouldBeLessThan(2);
        window.Total.ShouldBe(2);
        window.Errors.ShouldBe(1);
    }

    [Fact]
    public void EmptyWindow_HasZeros()
    {
        var snapshot = new RequestWindow(new ManualTime()).Snapshot();
        snapshot.QuantileMs(0.5).ShouldBe(0);
        snapshot.AverageMs.ShouldBe(0);
        snapshot.PerSecond.ShouldBe(0);
    }

    [Fact]
    public void Rate_IsOverTheCoveredTime()
    {
        var time = new ManualTime();
        var window = new RequestWindow(time);
        for (var second = 0; second < 20; second++)
        {
            window.Record(TimeSpan.FromMilliseconds(1), failed: false);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        window.Snapshot().PerSecond.ShouldBe(1, 0.11);
    }

    sealed class ManualTime : TimeProvider
    {
        long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan by) => _ticks += by.Ticks;
    }
}
