using Fettle.LoadTesting.Capacity;
using Fettle.LoadTesting.Scenarios;
using Fettle.Testing;

namespace Fettle.LoadTesting.Tests.Capacity;

[Trait("Category", "Slow")]
public sealed class CapacityStudyTests
{
    static readonly CapacityRequest Request = new() { PeakRate = 500, Service = "paced" };

    static CapacityStudy Study(Uri target, params int[] users) => new(
        new ScenarioRunner(),
        ScenarioReader.Parse("scenarios: { s: { rate: 1, duration: 1s, requests: [{ path: / }] } }"),
        new ScenarioRunOptions { Target = target },
        new CapacityStudyOptions { Users = users, Rounds = 2, Duration = TimeSpan.FromSeconds(2), WarmUp = TimeSpan.FromSeconds(0.2) });

    /// <summary>A service that works on three requests at once, 20 ms each: the curve bends, and no processor is needed for it.</summary>
    static ScriptedServer Paced()
    {
        var gate = new SemaphoreSlim(3);
        return new ScriptedServer(async r =>
        {
            await gate.WaitAsync(r.Stopping);
            try
            {
                await Task.Delay(20, r.Stopping);
            }
            finally
            {
                gate.Release();
            }

            await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            return true;
        });
    }

    [Fact]
    public async Task Steps_GoUpAndDownAndGiveAPointEach()
    {
        await using var server = Paced();
        var lines = new List<string>();
        var points = await Study(server.BaseUrl, 1, 2, 4).MeasureAsync(lines.Add, default);
        lines.Select(l => l.Trim().Split(' ')[0]).ShouldBe(["1", "2", "4", "4", "2", "1"]);
        // A busy machine may limit the generator in a step; it is left out then, and said.
        points.Count.ShouldBe(lines.Count(l => !l.Contains("left out")));
        points.ShouldAllBe(p => p.Throughput > 0 && p.Concurrency > 0 && p.Throughput < 160);
    }

    [Fact]
    public async Task Prediction_IsHeldAgainstARunAtTheKnee()
    {
        await using var server = Paced();
        (double, double)[] curve = [(1, 48), (2, 95), (3, 140), (4, 145), (6, 147), (8, 147), (1, 47), (2, 94), (4, 143), (8, 146)];
        var plan = CapacityPlan.Of(curve, Request);
        CapacityCheck check;
        try
        {
            check = await Study(server.BaseUrl, 1, 2, 4).CheckAsync(plan, curve, default);
        }
        catch (InvalidDataException e) when (e.Message.Contains("the generator was the limit"))
        {
            return; // On a machine this busy the study itself says that it knows nothing.
        }

        check.Users.ShouldBe((int)plan.Knee);
        check.Predicted.ShouldBe(plan.Law.ThroughputAt(check.Users));
        check.PredictedLow.ShouldBeLessThan(check.PredictedHigh);
        check.Measured.ShouldBeInRange(check.MeasuredLow, check.MeasuredHigh);
        check.Measured.ShouldBeLessThan(160); // three at once at 20 ms are at most 150 a second
        check.Agrees.ShouldBe(check.MeasuredHigh >= check.PredictedLow && check.MeasuredLow <= check.PredictedHigh);
    }

    [Fact]
    public void Report_ShowsPredictionBesideMeasurementAndRoundTrips()
    {
        var plan = CapacityPlan.Of(ScalabilityLawTests.Cisco, Request);
        var trials = PolicyTrials.Of(plan, Request);
        var (low, high) = plan.Law.PredictionInterval(ScalabilityLawTests.Cisco, plan.Knee);
        var check = new CapacityCheck((int)plan.Knee, plan.Law.ThroughputAt(plan.Knee), low, high, 12_300, 12_200, 12_400, 2.8, 2.9);
        var report = CapacityReport.Of(ScalabilityLawTests.Cisco, Request, trials, "CPU-bound: the target used 190 % of 200 %", check, ["fettle", "load", "capacity"]);
        var text = report.ToText();
        text.ShouldContain("good answers/s, 35 users");
        text.ShouldContain("the intervals overlap");
        text.ShouldMatch(@"resource\s+CPU-bound");
        text.ShouldContain("Instances at 500/s");
        text.ShouldMatch("PASS  prediction: predicted 1234\\d/s, measured 12300/s");
        text.ShouldContain("No policy flaps.");
        var path = Path.Combine(Path.GetTempPath(), $"fettle-{Guid.NewGuid():n}.json");
        try
        {
            report.Save(path);
            var again = CapacityReport.Load(path);
            again.ToText().ShouldBe(text);
            again.ToHtml().ShouldBe(report.ToHtml());
            again.ToHtml().ShouldContain("run at the knee");
            Should.Throw<InvalidDataException>(() => Fettle.LoadTesting.Reports.LoadReport.Load(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void PredictionInterval_CoversFurtherRuns()
    {
        // The interval of one more run: over many noisy curves it holds about 95 % of further points, far more than the mean's.
        var random = new Random(21);
        var law = new ScalabilityLaw(100, 0.05, 0.002);
        double Run(double n) => law.ThroughputAt(n) * (1 + 0.04 * (random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5));
        double[] at = [1, 2, 4, 8, 12, 16, 24, 32];
        var (inside, outsideOfMean) = (0, 0);
        for (var trial = 0; trial < 200; trial++)
        {
            var points = at.Concat(at).Select(n => (n, Run(n))).ToArray();
            var fit = ScalabilityLaw.Fit(points);
            var next = Run(20);
            var (low, high) = fit.PredictionInterval(points, 20);
            inside += next >= low && next <= high ? 1 : 0;
            var mean = fit.Interval(points, 20);
            outsideOfMean += next < mean.Low || next > mean.High ? 1 : 0;
        }

        inside.ShouldBeInRange(180, 200);
        outsideOfMean.ShouldBeGreaterThan(40);
    }

    [Fact]
    public void Knee_IsNeverFarBeyondWhatWasMeasured()
    {
        CapacityPlan.Of(ScalabilityLawTests.Cisco, Request).Knee.ShouldBe(35);
        CapacityPlan.Of([(1, 100), (2, 200), (4, 400)], Request).Knee.ShouldBe(6);
        CapacityPlan.Of([(1, 100), (2, 100.1), (4, 100.2)], Request).Knee.ShouldBeInRange(1, 6);
    }

    [Fact]
    public void Options_AreValidated()
    {
        Should.Throw<ArgumentException>(() => new CapacityStudyOptions { Users = [1, 2, 2] }).Message.ShouldContain("at least three different numbers");
        Should.Throw<ArgumentException>(() => new CapacityStudyOptions { Rounds = 0 });
    }
}
