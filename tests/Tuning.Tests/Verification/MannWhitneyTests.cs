using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Verification;

public sealed class MannWhitneyTests
{
    [Fact]
    public void FullySeparatedSamples_HaveTheExactSmallestP()
    {
        // 2 / C(8, 4) arrangements.
        MannWhitney.PValue([1, 2, 3, 4], [5, 6, 7, 8]).ShouldBe(2.0 / 70, 1e-12);
        MannWhitney.PValue([5, 6, 7, 8], [1, 2, 3, 4]).ShouldBe(2.0 / 70, 1e-12);
    }

    [Theory]
    [InlineData(3, 4)]
    [InlineData(5, 5)]
    [InlineData(2, 7)]
    public void ExactP_EqualsTheCountOverAllArrangements(int n, int m)
    {
        var random = new Random(n * 10 + m);
        for (var trial = 0; trial < 20; trial++)
        {
            var values = Enumerable.Range(0, n + m).Select(_ => random.NextDouble()).ToArray();
            var observed = MannWhitney.Statistic(values[..n], values[n..]).U;
            var far = Math.Max(observed, n * m - observed);
            var (tail, total) = (0, 0);
            for (var mask = 0; mask < 1 << (n + m); mask++)
            {
                if (System.Numerics.BitOperations.PopCount((uint)mask) == n)
                {
                    var a = values.Where((_, i) => (mask >> i & 1) == 1).ToArray();
                    var b = values.Where((_, i) => (mask >> i & 1) == 0).ToArray();
                    total++;
                    tail += MannWhitney.Statistic(a, b).U >= far ? 1 : 0;
                }
            }

            MannWhitney.PValue(values[..n], values[n..]).ShouldBe(Math.Min(1, 2.0 * tail / total), 1e-9);
        }
    }

    [Fact]
    public void TiedSamples_UseTheCorrectedApproximation()
    {
        // By hand: U = 8, mean 24.5, variance 49/12·(15 − 84/182) = 59.365, z = 16/7.705 = 2.0766.
        MannWhitney.PValue([1, 2, 2, 3, 4, 4, 5], [3, 4, 4, 5, 6, 6, 7]).ShouldBe(0.03784, 1e-4);
    }

    [Fact]
    public void AllEqual_SaysNothing() => MannWhitney.PValue([2, 2, 2], [2, 2, 2]).ShouldBe(1);

    [Fact]
    public void EmptySample_IsRefused() => Should.Throw<ArgumentOutOfRangeException>(() => MannWhitney.PValue([], [1]));

    [Theory]
    [InlineData(0.975, 1.959963985)]
    [InlineData(0.5, 0)]
    [InlineData(0.001, -3.090232306)]
    public void NormalQuantile_MatchesTables(double p, double z) => Quantiles.Normal(p).ShouldBe(z, 1e-7);

    [Fact]
    public void Select_EqualsSorting()
    {
        var random = new Random(4);
        for (var trial = 0; trial < 200; trial++)
        {
            var values = Enumerable.Range(0, random.Next(1, 40)).Select(_ => (double)random.Next(10)).ToArray();
            var k = random.Next(values.Length);
            Quantiles.Select(values.ToArray(), k).ShouldBe(values.Order().ElementAt(k));
        }
    }

    [Fact]
    public void NormalTail_InvertsTheQuantile()
    {
        for (var p = 0.001; p < 1; p += 0.0173)
        {
            Quantiles.NormalUpperTail(Quantiles.Normal(1 - p)).ShouldBe(p, 1e-6);
        }
    }
}
