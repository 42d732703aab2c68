using System.Globalization;
using Fettle.Cli.Tests.Loads;
using Fettle.Forests;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Tests.Models;

public sealed class QuantizeCommandTests
{
    [Fact]
    public async Task ExactLeaves_AgreeInEveryBit()
    {
        using var files = new ModelFiles();
        var run = await CliRun.InProcessAsync("model", "quantize", files.Path, files.At("q.fettle"), "--json", files.At("out.json"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        var table = ModelFiles.Table(files.At("out.json"));
        (table["rows compared"][0], table["equal to the last bit"][0], table["largest |Δp|"][0], table["largest |Δmargin| possible"][0]).ShouldBe(("10000", "10000", "0", "0"));
        table["AUC before, after"][0].ShouldBe("no labels, no labels");
        Forest.Load(files.At("q.fettle")).Model.TreeCount.ShouldBe(40);
        new FileInfo(files.At("q.fettle")).Length.ShouldBeLessThan(new FileInfo(files.Path).Length / 6);
    }

    [Fact]
    public async Task LossyLeaves_ReportTheirWorstCaseAndStayWithinIt()
    {
        using var files = new ModelFiles();
        var run = await CliRun.InProcessAsync("model", "quantize", files.Path, files.At("q.fettle"), "--leaves", "Int16", "--json", files.At("out.json"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        var table = ModelFiles.Table(files.At("out.json"));
        var possible = double.Parse(table["largest |Δmargin| possible"][0], CultureInfo.InvariantCulture);
        possible.ShouldBe(QuantizationReport.WorstCaseMargin(files.Forest.Model, LeafPrecision.Int16), possible * 1e-6);
        // The logistic function has at most a quarter of the margin's slope.
        double.Parse(table["largest |Δp|"][0], CultureInfo.InvariantCulture).ShouldBeInRange(1e-12, possible / 4 + 1e-6);
    }

    [Fact]
    public async Task LabelsOfTheRows_GiveAucAndLogLoss()
    {
        using var files = new ModelFiles();
        var (rows, _, _, answers) = files.Csv(10_000);
        var labels = files.At("labels", string.Join('\n', answers.Select(a => a > 0.5f ? "1" : "0")));
        var run = await CliRun.InProcessAsync("model", "quantize", files.Path, files.At("q.fettle"), "--rows", rows, "--labels", labels, "--leaves", "Int16", "--json", files.At("out.json"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        var table = ModelFiles.Table(files.At("out.json"));
        table["AUC before, after"][0].ShouldStartWith("1, ");
        table["log-loss before, after"][0].ShouldNotContain("no labels");
    }

    /// <summary>One leaf of 1,000 makes a step of 8-bit leaves so coarse that every other leaf becomes 0.</summary>
    [Fact]
    public async Task LossAboveOnePercentOfF1_IsRefusedUnlessForced()
    {
        using var files = new ModelFiles();
        var model = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(files.Path))!;
        var tree = model["learner"]!["gradient_booster"]!["model"]!["trees"]![0]!;
        tree["split_conditions"]![30] = 1000f;
        var coarse = files.At("coarse.json", model.ToJsonString());
        var refused = await CliRun.InProcessAsync("model", "quantize", coarse, files.At("q.fettle"), "--leaves", "Int8");
        refused.Code.ShouldBe(ExitCode.NoneKept, refused.Output);
        refused.Error.ShouldContain("--force writes it all the same");
        File.Exists(files.At("q.fettle")).ShouldBeFalse();

        var forced = await CliRun.InProcessAsync("model", "quantize", coarse, files.At("q.fettle"), "--leaves", "Int8", "--force");
        forced.Code.ShouldBe(ExitCode.Ok, forced.Error);
        Forest.Load(files.At("q.fettle")).Model.TreeCount.ShouldBe(40);
    }

    [Fact]
    public async Task TooFewRowsForALossyForm_AreRefused()
    {
        using var files = new ModelFiles();
        var (rows, _, _, _) = files.Csv(100);
        var run = await CliRun.InProcessAsync("model", "quantize", files.Path, files.At("q.fettle"), "--leaves", "Int8", "--rows", rows);
        run.Code.ShouldBe(ExitCode.Error);
        run.Error.ShouldContain("100 rows are too few");
        (await CliRun.InProcessAsync("model", "quantize", files.Path, files.At("q.fettle"), "--rows", rows)).Code.ShouldBe(ExitCode.Ok, "exact leaves need no judgement");
    }

    /// <summary>A regression has no labels; its answers may move by a hundredth of their spread.</summary>
    [Theory]
    [InlineData("Int16", ExitCode.Ok)]
    [InlineData("Int8", ExitCode.NoneKept)]
    public async Task ModelWithoutClasses_IsJudgedByItsSpread(string leaves, int code)
    {
        using var files = new ModelFiles(new SyntheticModel { Trees = 40, Depth = 4, Features = 6, Thresholds = 60, Objective = "reg:squarederror" });
        var model = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(files.Path))!;
        model["learner"]!["gradient_booster"]!["model"]!["trees"]![0]!["split_conditions"]![30] = 20f;
        var run = await CliRun.InProcessAsync("model", "quantize", files.At("r.json", model.ToJsonString()), files.At("q.fettle"), "--leaves", leaves, "--json", files.At("out.json"));
        run.Code.ShouldBe(code, run.Error + run.Output);
        ModelFiles.Table(files.At("out.json"))["F1 before, after"].ShouldBe(["no classes"]);
        run.Error.Contains("of their spread, allowed are 1 %").ShouldBe(code != ExitCode.Ok);
    }

    [Theory]
    [InlineData("0.5", "label 2 is 0.5; allowed: the classes 0 to 1")]
    [InlineData("nan", "label 2 is NaN")]
    [InlineData("2", "label 2 is 2")]
    public async Task LabelsThatAreNoClasses_AreNamed(string label, string expected)
    {
        using var files = new ModelFiles();
        var run = await CliRun.InProcessAsync("model", "quantize", files.Path, files.At("q"), "--rows", files.At("r", "1,2,3,4,5,6\n1,2,3,4,5,6\n"), "--labels", files.At("l", $"1\n{label}\n"));
        run.Code.ShouldBe(ExitCode.Error);
        run.Error.ShouldContain(expected);
    }

    [Fact]
    public async Task LabelsOrRowsThatDoNotFit_AreNamed()
    {
        using var files = new ModelFiles();
        var (rows, _, _, _) = files.Csv(100);
        (await CliRun.InProcessAsync("model", "quantize", files.Path, files.At("q"), "--rows", rows, "--labels", files.At("l", "1\n0\n"))).Error.ShouldContain("2 labels for 100 rows");
        (await CliRun.InProcessAsync("model", "quantize", files.Path, files.At("q"), "--rows", files.At("r", "1,2\n"))).Error.ShouldContain("rows have 2 values, the model has 6 features");
        (await CliRun.InProcessAsync("model", "quantize", files.Path, files.At("q"), "--leaves", "Int4")).Code.ShouldBe(ExitCode.Usage);
    }
}
