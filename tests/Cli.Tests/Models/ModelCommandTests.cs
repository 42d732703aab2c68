using Fettle.Cli.Tests.Loads;
using Fettle.Forests;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Tests.Models;

public sealed class ModelCommandTests
{
    [Fact]
    public async Task Inspect_SaysWhatTheFileHolds()
    {
        using var files = new ModelFiles();
        var run = await CliRun.InProcessAsync("model", "inspect", files.Path, "--json", files.At("out.json"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Output.ShouldContain("XgboostJson 1.7.4");
        var table = ModelFiles.Table(files.At("out.json"));
        (table["trees"][0], table["leaves"][0], table["depth"][0], table["features"][0]).ShouldBe(("40", "640", "4", "6"));
        table["objective"][0].ShouldBe("binary:logistic");
        table["kernels"][0].ShouldBe(files.Forest.KernelSummary);
        table["top gain"][0].ShouldStartWith("f");
    }

    [Theory]
    [InlineData("inspect", "no-such-file")]
    [InlineData("verify", "no-such-file", "--rows", "x", "--predictions", "y")]
    [InlineData("bench", "no-such-file")]
    public async Task MissingModel_IsOneLineAndExits1(params string[] arguments)
    {
        var run = await CliRun.InProcessAsync(["model", .. arguments]);
        run.Code.ShouldBe(ExitCode.Error);
        run.Error.Trim().ShouldStartWith("fettle: ");
        run.Error.Trim().ShouldNotContain('\n');
    }

    [Fact]
    public async Task DamagedModel_IsOneLineWithThePlace()
    {
        using var files = new ModelFiles();
        var run = await CliRun.InProcessAsync("model", "inspect", files.At("bad.json", "{\"learner\":{}"));
        run.Code.ShouldBe(ExitCode.Error);
        run.Error.ShouldContain("byte ");
    }

    [Fact]
    public async Task Convert_WritesFormsThatPredictTheSameBits()
    {
        using var files = new ModelFiles();
        var (_, _, values, answers) = files.Csv(300);
        foreach (var name in new[] { "model.onnx", "model.fettle" })
        {
            var run = await CliRun.InProcessAsync("model", "convert", files.Path, files.At(name));
            run.Code.ShouldBe(ExitCode.Ok, run.Error);
            var mine = new float[300];
            Forest.Load(files.At(name)).Predict(values, 300, mine);
            mine.ShouldBe(answers, name);
        }

        (await CliRun.InProcessAsync("model", "inspect", files.At("model.onnx"))).Output.ShouldContain("Onnx");
    }

    [Fact]
    public async Task Convert_RefusesWhatItCannotWrite()
    {
        using var files = new ModelFiles();
        var unknown = await CliRun.InProcessAsync("model", "convert", files.Path, files.At("model.pmml"));
        unknown.Code.ShouldBe(ExitCode.Usage);
        unknown.Error.ShouldContain("'.pmml' is not known; .onnx and .fettle are");

        var text = File.ReadAllText(files.Path).Replace("binary:logistic", "binary:hinge");
        var hinge = await CliRun.InProcessAsync("model", "convert", files.At("hinge.json", text), files.At("hinge.onnx"));
        hinge.Code.ShouldBe(ExitCode.Error);
        hinge.Error.ShouldContain("Hinge");
        File.Exists(files.At("hinge.onnx")).ShouldBeFalse();
    }

    [Fact]
    public async Task Convert_OfADoubleModel_SaysThatLeavesAreRounded()
    {
        using var files = new ModelFiles();
        File.WriteAllBytes(files.At("model.txt"), files.Synthetic.ToLightGbmText());
        var run = await CliRun.InProcessAsync("model", "convert", files.At("model.txt"), files.At("model.onnx"));
        run.Code.ShouldBe(ExitCode.Ok);
        run.Error.ShouldContain("rounded to float32");
    }

    [Fact]
    public async Task Verify_PassesOnTheTrainersBitsAndFailsBeyondTheTolerance()
    {
        using var files = new ModelFiles();
        var (rows, predictions, _, answers) = files.Csv(200);
        var run = await CliRun.InProcessAsync("model", "verify", files.Path, "--rows", rows, "--predictions", predictions, "--json", files.At("out.json"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        ModelFiles.Table(files.At("out.json"))["200"].ShouldBe(["200", "0", "passed"]);

        answers[17] += 0.25f;
        var wrong = files.At("wrong.csv", ModelFiles.Lines(answers, 1));
        var failed = await CliRun.InProcessAsync("model", "verify", files.Path, "--rows", rows, "--predictions", wrong);
        (failed.Code, failed.Output.Contains("199") && failed.Output.Contains("failed")).ShouldBe((ExitCode.NoneKept, true));
        (await CliRun.InProcessAsync("model", "verify", files.Path, "--rows", rows, "--predictions", wrong, "--tolerance", "0.3")).Code.ShouldBe(ExitCode.Ok);
    }

    /// <summary>A prediction that the trainer left out is no agreement.</summary>
    [Fact]
    public async Task Verify_FailsWhereAPredictionIsMissing()
    {
        using var files = new ModelFiles();
        var (rows, predictions, _, _) = files.Csv(10);
        var lines = File.ReadAllLines(predictions);
        lines[3] = "nan";
        var run = await CliRun.InProcessAsync("model", "verify", files.Path, "--rows", rows, "--predictions", files.At("p", string.Join('\n', lines)), "--tolerance", "1000");
        (run.Code, run.Output.Contains("failed")).ShouldBe((ExitCode.NoneKept, true), run.Output);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("NaN")]
    public async Task Verify_RefusesAToleranceThatNothingPasses(string tolerance)
    {
        var run = await CliRun.InProcessAsync("model", "verify", "m", "--rows", "r", "--predictions", "p", "--tolerance", tolerance);
        (run.Code, run.Error.Contains("--tolerance is") && run.Error.Contains("0 and more")).ShouldBe((ExitCode.Usage, true), run.Error);
    }

    [Fact]
    public async Task WhatCannotBeWrittenOrRead_IsOneLine()
    {
        using var files = new ModelFiles();
        var folder = Path.GetDirectoryName(files.Path)!;
        string[][] verbs =
        [
            ["convert", files.Path, "/dev/null/model.onnx"], ["quantize", files.Path, "/dev/null/q.fettle"], ["inspect", files.Path, "--json", "/dev/null/out.json"],
            ["inspect", folder], ["inspect", files.At("empty", "")],
        ];
        foreach (var verb in verbs)
        {
            var run = await CliRun.InProcessAsync(["model", .. verb]);
            (run.Code, run.Error.Trim().StartsWith("fettle: ", StringComparison.Ordinal), run.Error.Trim().Contains('\n')).ShouldBe((ExitCode.Error, true, false), $"{string.Join(' ', verb)}\n{run.Error}");
        }
    }

    [Fact]
    public async Task Verify_ComparesMargins()
    {
        using var files = new ModelFiles();
        var (rows, predictions, _, _) = files.Csv(50, margin: true);
        (await CliRun.InProcessAsync("model", "verify", files.Path, "--rows", rows, "--predictions", predictions, "--margin")).Code.ShouldBe(ExitCode.Ok);
        (await CliRun.InProcessAsync("model", "verify", files.Path, "--rows", rows, "--predictions", predictions)).Code.ShouldBe(ExitCode.NoneKept);
    }

    [Theory]
    [InlineData("1,2\n", "0.5\n", "rows of 2 values")]
    [InlineData("1,2,3,4,5,6\n", "0.5\n0.5\n", "2 predictions")]
    [InlineData("1,2,3,4,5,6\n1,2\n", "0.5\n", "line 2 has 2 fields")]
    [InlineData("1,2,3,4,5,6\n1,2,x,4,5,6\n", "0.5\n", "line 2: a field is no number")]
    [InlineData("a,b\n", "0.5\n", "no rows")]
    [InlineData("", "0.5\n", "no rows")]
    public async Task Verify_NamesWhatDoesNotFit(string rows, string predictions, string expected)
    {
        using var files = new ModelFiles();
        var run = await CliRun.InProcessAsync("model", "verify", files.Path, "--rows", files.At("r", rows), "--predictions", files.At("p", predictions));
        run.Code.ShouldBe(ExitCode.Error);
        run.Error.ShouldContain(expected);
    }

    [Fact]
    public async Task Rows_MayBeSeparatedBySpacesTabsOrSemicolons()
    {
        using var files = new ModelFiles();
        var (rows, predictions, _, _) = files.Csv(20);
        foreach (var separator in new[] { '\t', ';' })
        {
            var other = files.At("other", File.ReadAllText(rows).Replace(',', separator));
            (await CliRun.InProcessAsync("model", "verify", files.Path, "--rows", other, "--predictions", predictions)).Code.ShouldBe(ExitCode.Ok, $"{(int)separator}");
        }

        var spaces = files.At("spaces", string.Join('\n', File.ReadLines(rows).Skip(1).Select(l => string.Join("  ", l.Split(',').Select(f => f.Length == 0 ? "nan" : f)))));
        (await CliRun.InProcessAsync("model", "verify", files.Path, "--rows", spaces, "--predictions", predictions)).Code.ShouldBe(ExitCode.Ok);
    }
}
