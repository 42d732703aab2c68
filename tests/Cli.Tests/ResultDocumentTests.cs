using System.Text.Json.Nodes;
using Fettle.Shared.Results;

namespace Fettle.Cli.Tests;

public sealed class ResultDocumentTests
{
    [Fact]
    public void Json_IsTheGoldenContract() =>
        Sample().ToJson().ReplaceLineEndings("\n").ShouldBe(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Contracts", "result.json")).TrimEnd('\n'),
            "the contract changed. Saved results exist: raise its version, keep reading the old one, document it in docs/contracts.md, then change Contracts/result.json");

    [Fact]
    public void Parse_ReadsWhatToJsonWrites() =>
        ResultDocument.Parse(Sample().ToJson()).ToJson().ShouldBe(Sample().ToJson());

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"schema\":\"fettle.result/1\"}")]
    public void AnotherDocument_IsRefused(string json) =>
        Should.Throw<InvalidDataException>(() => ResultDocument.Parse(json));

    [Fact]
    public void AnotherVersion_IsRefusedByName()
    {
        var json = Sample().ToJson().Replace("fettle.result/1", "fettle.result/9", StringComparison.Ordinal);
        Should.Throw<InvalidDataException>(() => ResultDocument.Parse(json)).Message.ShouldContain("fettle.result/9");
    }

    [Fact]
    public void Save_LeavesNoTemporaryFile()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-result");
        try
        {
            var path = Path.Combine(folder.FullName, "deep", "result.json");
            Sample().Save(path);
            Sample().Save(path);

            Directory.GetFiles(Path.GetDirectoryName(path)!).ShouldBe([path]);
            ResultDocument.Parse(File.ReadAllText(path)).Name.ShouldBe("sample");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Machine_IsReadFromTheSystem()
    {
        var machine = RunEnvironment.Machine();
        machine.Cores.ShouldBe(Environment.ProcessorCount);
        machine.MemoryGiB.ShouldBeGreaterThan(0);
        machine.Processor.ShouldNotBeNullOrWhiteSpace();
    }

    [Fact]
    public void Source_OutsideACheckout_IsUnknown() =>
        RunEnvironment.Source(Path.GetPathRoot(Path.GetTempPath())!).ShouldBe(new SourceInfo("unknown", false));

    static ResultDocument Sample() => new()
    {
        Kind = "bench",
        Name = "sample",
        StartedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        DurationSeconds = 1.5,
        Machine = new MachineInfo("A processor", 2, 24, "Linux", ".NET 10"),
        Source = new SourceInfo("0123456789abcdef0123456789abcdef01234567", true),
        Command = ["fettle", "tune", "stocks"],
        Settings = new JsonObject { ["seed"] = 1 },
        Noise = new JsonObject { ["loadAverageBefore"] = 0.25 },
        Tables = [new ResultTable("Latency", ["action", "p50 ms"], [["none", "1.0"]], "a note")],
        Histograms = { ["latency"] = new ResultHistogram("ms", [1, 2.5], [10, 3]) },
        Verdicts = [new ResultVerdict("none", "kept", "it helps")],
        Data = new JsonObject { ["requests"] = 13 },
    };
}
