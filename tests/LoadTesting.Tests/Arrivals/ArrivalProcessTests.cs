using Fettle.LoadTesting.Arrivals;

namespace Fettle.LoadTesting.Tests.Arrivals;

public sealed class ArrivalProcessTests
{
    static List<double> All(ArrivalModel model, int share = 0, int shares = 1)
    {
        var process = new ArrivalProcess(model, share, shares);
        var times = new List<double>();
        while (process.TryNext(out var t) && times.Count < 1_000_000)
        {
            times.Add(t);
        }

        return times;
    }

    static TimeSpan S(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void ConstantRate_IsEvenlySpaced()
    {
        var times = All(new ArrivalModel([Stage.Hold(100, S(10))]));
        times.Count.ShouldBe(1000);
        times.Zip(times.Skip(1), (a, b) => b - a).ShouldAllBe(gap => Math.Abs(gap - 0.01) < 1e-9);
    }

    [Fact]
    public void Ramp_FollowsItsIntegral()
    {
        // 0 → 500/s in 30 s: Λ(t) = 500/60 · t².
        var times = All(new ArrivalModel([Stage.Ramp(0, 500, S(30))]));
        times.Count.ShouldBe(7500);
        for (var i = 0; i < times.Count; i++)
        {
            (500 / 60.0 * times[i] * times[i]).ShouldBe(i + 0.5, 1e-6);
        }
    }

    [Fact]
    public void Stages_LoseNoArrivalAtTheirBorders()
    {
        var times = All(new ArrivalModel([Stage.Hold(3.3, S(1)), Stage.Ramp(3.3, 7, S(1)), Stage.Hold(0, S(5)), Stage.Ramp(7, 0, S(2))]));
        times.Count.ShouldBe(15); // 3.3 + 5.15 + 0 + 7 = 15.45
        times.ShouldBe(times.Order());
        times.ShouldNotContain(t => t > 2 && t < 7);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Shares_AddUpToTheWhole(bool poisson)
    {
        var model = new ArrivalModel([Stage.Ramp(100, 900, S(20))]) { Spacing = poisson ? ArrivalSpacing.Poisson : ArrivalSpacing.Even };
        var shares = Enumerable.Range(0, 3).SelectMany(i => All(model, i, 3)).Order().ToList();
        if (poisson)
        {
            ((double)shares.Count).ShouldBe(10_000, 4 * Math.Sqrt(10_000));
        }
        else
        {
            shares.ShouldBe(All(model));
        }
    }

    /// <summary>Time rescaling: Λ of Poisson arrivals has independent Exp(1) gaps. Kolmogorov–Smirnov at the 1 % level, seeds fixed.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Poisson_PassesTheKolmogorovSmirnovTest(int seed)
    {
        var model = new ArrivalModel([Stage.Ramp(0, 200, S(50)), Stage.Hold(200, S(50))]) { Spacing = ArrivalSpacing.Poisson, Seed = seed };
        var integral = All(model).Select(t => t < 50 ? 2 * t * t : 5000 + 200 * (t - 50)).ToArray();
        var gaps = integral.Zip(integral.Skip(1), (a, b) => b - a).Order().ToArray();
        Distance(gaps).ShouldBeLessThan(1.63 / Math.Sqrt(gaps.Length));
        // The same arrivals without the rescaling are far from the law, so the test can fail.
        var raw = All(model).ToArray();
        var rate = raw.Length / 100.0;
        Distance([.. raw.Zip(raw.Skip(1), (a, b) => (b - a) * rate).Order()]).ShouldBeGreaterThan(1.63 / Math.Sqrt(gaps.Length));
    }

    static double Distance(double[] sorted) => sorted
        .Select((gap, i) => (Law: 1 - Math.Exp(-gap), Below: (double)i / sorted.Length, Upto: (i + 1.0) / sorted.Length))
        .Max(p => Math.Max(Math.Abs(p.Law - p.Below), Math.Abs(p.Law - p.Upto)));

    [Fact]
    public void Users_RampAndShare()
    {
        var schedule = new UserSchedule([Stage.Ramp(0, 100, S(10)), Stage.Hold(100, S(5)), Stage.Ramp(100, 0, S(10))]);
        schedule.At(0).ShouldBe(0);
        schedule.At(5).ShouldBe(50);
        schedule.At(12).ShouldBe(100);
        schedule.At(20).ShouldBe(50);
        schedule.At(99).ShouldBe(0);
        Enumerable.Range(0, 3).Sum(i => new UserSchedule([Stage.Hold(10, S(1))], i, 3).At(0)).ShouldBe(10);
    }
}
