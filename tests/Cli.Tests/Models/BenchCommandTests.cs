using System.Globalization;
using Fettle.Cli.Tests.Loads;
using Fettle.Shared.Verbs;
using Fettle.Testing;

namespace Fettle.Cli.Tests.Models;

[Trait("Category", "Slow")]
public sealed class BenchCommandTests
{
    [Fact]
    public async Task OwnForms_AreTimedOnTheSameRowsAndAgree()
    {
        using var files = new ModelFiles();
        File.WriteAllBytes(files.At("model.txt"), files.Synthetic.ToLightGbmText());
        var run = await CliRun.InProcessAsync("model", "bench", files.At("model.txt"), "--rounds", "1", "--json", files.At("out.json"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        var table = ModelFiles.Table(files.At("out.json"));
        table.Keys.ShouldBe(["Fettle plain", "Fettle compiled", "Fettle compiled, 2 threads", "Fettle quantised"]);
        foreach (var row in table.Values)
        {
            row[^1].ShouldBe("0");
            row[2..9].ShouldAllBe(c => double.Parse(c, CultureInfo.InvariantCulture) > 0);
        }

        run.Error.ShouldContain("XGBoost: not run");
        run.Error.ShouldContain("ONNX Runtime: not run");
        run.Error.ShouldContain("compiled: ");
    }

    [Fact]
    public async Task WithoutAFile_ASeededModelOf500TreesIsTimed()
    {
        using var files = new ModelFiles();
        var run = await CliRun.InProcessAsync("model", "bench", "--rounds", "1", "--device", "gpu", "--json", files.At("out.json"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Error.ShouldContain("500 trees of depth 6 on 25 features");
        var table = ModelFiles.Table(files.At("out.json"));
        table["Fettle quantised"][^1].ShouldBe("0");
        if (Forests.GpuDevices.Count == 0)
        {
            run.Error.ShouldContain("device gpu: no GPU was found");
            run.Output.ShouldContain("GPU: not run: no GPU");
        }
    }

    [RequiresOnnxRuntimeFact]
    public async Task RealOnnxRuntime_AgreesToTheLastDigitsOfAFloat()
    {
        using var files = new ModelFiles();
        var run = await CliRun.InProcessAsync("model", "bench", files.Path, "--rounds", "1", "--onnxruntime", RequiresOnnxRuntimeFactAttribute.Folder!, "--json", files.At("out.json"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        var line = ModelFiles.Table(files.At("out.json")).Single(r => r.Key.StartsWith("ONNX Runtime ", StringComparison.Ordinal)).Value;
        double.Parse(line[^1], CultureInfo.InvariantCulture).ShouldBeInRange(0, 4e-7);
        run.Output.ShouldContain("speed-up against ONNX Runtime");
    }

    [Fact]
    public async Task FolderWithoutOnnxRuntime_IsAnErrorThatSaysHowToInstallIt()
    {
        using var files = new ModelFiles();
        var run = await CliRun.InProcessAsync("model", "bench", files.Path, "--rounds", "1", "--onnxruntime", files.At("nowhere"));
        run.Code.ShouldBe(ExitCode.Error);
        run.Error.ShouldContain("npm install onnxruntime-node");
    }

    [Fact]
    public async Task UnknownDevice_IsAUsageError()
    {
        var run = await CliRun.InProcessAsync("model", "bench", "x", "--device", "tpu");
        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain("tpu");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1001")]
    public async Task RoundsOutsideTheRange_AreUsageErrors(string rounds)
    {
        var run = await CliRun.InProcessAsync("model", "bench", "x", "--rounds", rounds);
        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain($"--rounds is {rounds}; allowed: 1 to 1000");
    }
}
