using System.Text.Json.Nodes;
using Fettle.Shared.Results;
using Fettle.Tuning.Reports;

namespace Fettle.Tuning.Tests.Verifying;

public sealed class VerifierTests
{
    [Fact]
    public void SameBuild_IsNotWorse()
    {
        var outcome = Verifier.Compare(Result(1), Result(2), new VerifyOptions());
        outcome.End.ShouldBe(VerifyEnd.NotWorse);
        TuningReport.Markdown(outcome.Json).ShouldContain("| latency p95, ms |");
    }

    [Theory]
    [InlineData(1.3, 1, "p50")]
    [InlineData(1, 0.7, "capacity")]
    public void SlowerBuild_IsWorse(double latency, double capacity, string metric)
    {
        var outcome = Verifier.Compare(Result(1), Result(2, latency, capacity), new VerifyOptions());
        outcome.End.ShouldBe(VerifyEnd.Worse);
        TuningReport.Text(outcome.Json).ShouldContain(metric);
    }

    [Fact]
    public void MoreProcessorTimeAlone_RefusesNothing() =>
        Verifier.Compare(Result(1), Result(2, cpu: 1.5), new VerifyOptions()).End.ShouldBe(VerifyEnd.NotWorse);

    [Fact]
    public void LossWithinTheTolerance_IsNotWorse() =>
        Verifier.Compare(Result(1), Result(2, 1.12), new VerifyOptions { TolerancePercent = 20 }).End.ShouldBe(VerifyEnd.NotWorse);

    [Fact]
    public void LoudMachine_IsUndecided() =>
        Verifier.Compare(Result(1, noise: 0.6), Result(2, 1.15, noise: 0.6), new VerifyOptions()).End.ShouldBe(VerifyEnd.Undecided);

    [Fact]
    public void OtherMachine_IsUndecided()
    {
        var outcome = Verifier.Compare(Result(1, cores: 8), Result(2), new VerifyOptions());
        outcome.End.ShouldBe(VerifyEnd.Undecided);
        TuningReport.Text(outcome.Json).ShouldContain("with 8 cores");
    }

    [Fact]
    public void LimitedGenerator_IsUndecided() =>
        Verifier.Compare(Result(1), Edited(Result(2), r => r["data"]!["baseline"]!["generatorLimited"] = true), new VerifyOptions()).End.ShouldBe(VerifyEnd.Undecided);

    [Fact]
    public void MissedThreshold_FailsWhateverTheComparisonSays()
    {
        var options = new VerifyOptions { Thresholds = [VerifyThreshold.Parse("p95<1"), VerifyThreshold.Parse("capacity>5")] };
        var outcome = Verifier.Compare(Result(1), Result(2), options);
        outcome.End.ShouldBe(VerifyEnd.ThresholdFailed);
        TuningReport.Text(outcome.Json).ShouldContain("missed: p95<1");
        Verifier.Compare(Result(1), Result(2), options with { Thresholds = [VerifyThreshold.Parse("capacity>5"), VerifyThreshold.Parse("failed<1")] }).End.ShouldBe(VerifyEnd.NotWorse);
    }

    [Fact]
    public void ChangedAnswer_IsWorseUnlessAllowed()
    {
        var changed = Edited(Result(2), r => r["data"]!["answers"]!["GET /a"] = "ffff");
        var outcome = Verifier.Compare(Result(1), changed, new VerifyOptions());
        outcome.End.ShouldBe(VerifyEnd.Worse);
        TuningReport.Text(outcome.Json).ShouldContain("1 answers changed, first GET /a");
        Verifier.Compare(Result(1), changed, new VerifyOptions { AllowChangedAnswers = true }).End.ShouldBe(VerifyEnd.NotWorse);
    }

    [Fact]
    public void OtherNoise_MeansAnswersAreNotCompared()
    {
        var other = Edited(Result(2), r =>
        {
            r["data"]!["answers"]!["GET /a"] = "ffff";
            r["data"]!["answerNoise"] = new JsonArray("/at");
        });
        var outcome = Verifier.Compare(Result(1), other, new VerifyOptions());
        outcome.End.ShouldBe(VerifyEnd.NotWorse);
        TuningReport.Text(outcome.Json).ShouldContain("noise in different places");
    }

    [Fact]
    public void MeasuredInAnotherWay_IsRefused() =>
        Should.Throw<InvalidDataException>(() => Verifier.Compare(Result(1), Edited(Result(2), r => r["settings"]!["users"] = 9), new VerifyOptions())).Message.ShouldContain("measured with users 4");

    [Fact]
    public void ResultWithoutRounds_IsRefused() =>
        Should.Throw<InvalidDataException>(() => Verifier.Rate(Edited(Result(1), r => r["data"]!.AsObject().Remove("baseline")))).Message.ShouldContain("fettle measure");

    [Theory]
    [InlineData("p95<20", true)]
    [InlineData(" capacity > 500.5 ", true)]
    [InlineData("p95=20", false)]
    [InlineData("p95<", false)]
    [InlineData("p59<20", false)]
    [InlineData("p95<1.2.3", false)]
    public void Threshold_IsReadOrRefused(string text, bool right)
    {
        if (right)
        {
            VerifyThreshold.Parse(text).Limit.ShouldBeGreaterThan(1);
        }
        else
        {
            Should.Throw<FormatException>(() => VerifyThreshold.Parse(text));
        }
    }

    static string Edited(string json, Action<JsonNode> edit)
    {
        var node = JsonNode.Parse(json)!;
        edit(node);
        return node.ToJsonString();
    }

    static string Result(int seed, double latency = 1, double capacity = 1, double cpu = 1, double noise = 0.02, int cores = 2)
    {
        var random = new Random(seed);
        double Scatter() => Math.Exp(noise * Verification.PairedBootstrapTests.Normal(random));
        JsonObject Side() => new()
        {
            ["requests"] = 100, ["failed"] = 0, ["p50Ms"] = 10 * latency * Scatter(), ["p95Ms"] = 20 * latency * Scatter(), ["p99Ms"] = 30.0, ["capacityPerSecond"] = 100 * capacity * Scatter(), ["cpuMsPerRequest"] = 5 * cpu * Scatter(),
        };
        var result = new ResultDocument
        {
            Kind = "tune", Name = "x", StartedAt = DateTimeOffset.UnixEpoch, Machine = new MachineInfo("p", cores, 8, "os", "net"), Source = new SourceInfo("0123456789abcdef", true), Command = ["fettle"],
            Settings = new JsonObject { ["workload"] = "w", ["users"] = 4, ["quick"] = true },
            Noise = new JsonObject { ["floorFactors"] = new JsonObject { ["p50"] = 1 + noise, ["p95"] = 1 + noise, ["capacity"] = 1 + noise, ["CPU per request"] = 1 + noise } },
            Data = new JsonObject
            {
                ["answers"] = new JsonObject { ["GET /a"] = "aaaa", ["GET /b"] = "bbbb" },
                ["answerNoise"] = new JsonArray(),
                ["baseline"] = new JsonObject { ["ratePerSecond"] = 60.0, ["generatorLimited"] = false, ["before"] = Side(), ["after"] = Side(), ["rounds"] = new JsonArray([.. Enumerable.Range(0, 8).Select(_ => new JsonObject { ["before"] = Side(), ["after"] = Side() })]) },
            },
        };
        return result.ToJson();
    }
}
