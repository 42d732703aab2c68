using Fettle.LoadTesting.Capacity;

namespace Fettle.LoadTesting.Tests.Capacity;

public sealed class QueueModelTests
{
    [Fact]
    public void WaitingShare_EqualsErlangsTable()
    {
        new QueueModel(2, 1).WaitingShare(1).ShouldBe(1 / 3.0, 1e-12);
        new QueueModel(1, 10).WaitingShare(7).ShouldBe(0.7, 1e-12);
        new QueueModel(10, 1).WaitingShare(8).ShouldBe(0.4092, 5e-5);
        new QueueModel(3, 1).WaitingShare(3).ShouldBe(1);
    }

    [Fact]
    public void OneServer_IsExponential()
    {
        // M/M/1: the time to the answer is exponential with the rate that is left.
        var queue = new QueueModel(1, 100);
        queue.Mean(60).ShouldBe(1 / 40.0, 1e-12);
        queue.Percentile(60, 95).ShouldBe(-Math.Log(0.05) / 40, 1e-9);
        queue.Percentile(60, 99).ShouldBe(-Math.Log(0.01) / 40, 1e-9);
    }

    [Theory]
    [InlineData(1, 0.5)]
    [InlineData(2, 0.5)] // where the rates of waiting and of service meet
    [InlineData(4, 0.8)]
    [InlineData(8, 0.75)]
    public void MeanAndPercentiles_EqualASimulation(int servers, double use)
    {
        var queue = new QueueModel(servers, 10);
        var rate = use * queue.Capacity;
        var random = new Random(servers);
        double Draw(double perSecond) => -Math.Log(1 - random.NextDouble()) / perSecond;
        var free = new double[servers];
        var (now, times) = (0.0, new List<double>());
        for (var i = 0; i < 400_000; i++)
        {
            now += Draw(rate);
            var first = Array.IndexOf(free, free.Min());
            var begin = Math.Max(now, free[first]);
            free[first] = begin + Draw(10);
            times.Add(free[first] - now);
        }

        times.Sort();
        queue.Mean(rate).ShouldBe(times.Average(), 0.04 * times.Average());
        foreach (var percentile in new[] { 50.0, 95 })
        {
            var simulated = times[(int)(times.Count * percentile / 100)];
            queue.Percentile(rate, percentile).ShouldBe(simulated, 0.05 * simulated, $"p{percentile}");
        }
    }

    [Fact]
    public void BeyondTheCapacity_IsInfinite()
    {
        new QueueModel(2, 5).Mean(10).ShouldBe(double.PositiveInfinity);
        new QueueModel(2, 5).Percentile(11, 95).ShouldBe(double.PositiveInfinity);
    }

    [Fact]
    public void Law_GivesServersAndTheirRate()
    {
        var queue = QueueModel.Of(new ScalabilityLaw(50, 0, 0), 152);
        queue.ShouldBe(new QueueModel(3, 152 / 3.0));
        queue.Capacity.ShouldBe(152, 1e-9);
    }
}
