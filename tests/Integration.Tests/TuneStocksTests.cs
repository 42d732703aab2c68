using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Fettle.Integration.Tests;

/// <summary>The whole loop as a user runs it: programs, files, processes.</summary>
public sealed class TuneStocksTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-e2e-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task TuneQuick_KeepsTheIndexesAndRollbackTakesThemBack()
    {
        string[] tune = ["tune", "stocks", "--quick", "--stocks", "150", "--minutes", "4", "--only", "index", "batched-loading", "--state", _folder, "--json", Path.Combine(_folder, "out.json"), "--html", Path.Combine(_folder, "out.html")];
        var (code, output, errors) = await FettleAsync(tune);

        code.ShouldBe(0, output + errors);
        output.ShouldContain("Total, against an untouched baseline");
        output.ShouldContain("kept");
        var result = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "out.json")))!;
        ((int)result["data"]!["totalAnswers"]!["different"]!).ShouldBe(0);
        ((int)result["data"]!["totalAnswers"]!["compared"]!).ShouldBeGreaterThan(40);
        (await File.ReadAllTextAsync(Path.Combine(_folder, "out.html"))).ShouldStartWith("<!doctype html>");
        await NoProcessIsLeftAsync();

        var (undone, text, _) = await FettleAsync("rollback", "--state", _folder);
        undone.ShouldBe(0);
        text.ShouldContain("undone");
        text.ShouldContain("schema  equal to the one before the run");
        (await FettleAsync("rollback", "--state", _folder)).Output.ShouldContain("nothing to undo");
    }

    [Fact]
    public async Task UnknownService_IsAUsageError()
    {
        var (code, _, errors) = await FettleAsync("tune", "nothing", "--state", _folder);
        code.ShouldBe(2);
        errors.ShouldContain("known: stocks");
    }

    /// <summary>The journal names every process of the run by id and start time; none of them may live.</summary>
    async Task NoProcessIsLeftAsync()
    {
        var journal = Directory.GetFiles(_folder, "journal.jsonl", SearchOption.AllDirectories).ShouldHaveSingleItem();
        var started = 0;
        foreach (var line in await File.ReadAllLinesAsync(journal))
        {
            var entry = JsonNode.Parse(line[9..])!;
            if ((string?)entry["event"] == "process")
            {
                started++;
                var stat = $"/proc/{entry["pid"]}/stat";
                var alive = File.Exists(stat) && (await File.ReadAllTextAsync(stat)).Split(' ')[21] == entry["pidStart"]!.ToString();
                alive.ShouldBeFalse($"process {entry["pid"]} outlived the run");
            }
        }

        started.ShouldBe(3);
        Directory.GetDirectories(_folder, "scratch", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    static async Task<(int Code, string Output, string Errors)> FettleAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Fettle.Cli.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
