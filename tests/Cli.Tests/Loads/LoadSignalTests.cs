using System.Diagnostics;
using System.Text.Json.Nodes;
using Fettle.Shared.Verbs;
using Fettle.Testing;

namespace Fettle.Cli.Tests.Loads;

/// <summary>What only a process of its own shows: signals and a processor that others use.</summary>
[Trait("Category", "Slow")]
public sealed class LoadSignalTests
{
    [RequiresToolFact("kill")]
    public async Task CtrlC_StopsAtOnceAndStillWritesTheReport()
    {
        await using var server = ScriptedServer.Healthy();
        using var folder = new TemporaryFolder();
        var json = folder.File("r.json");
        var run = await CliRun.AsProcessAsync(["load", server.BaseUrl.ToString(), "--rate", "100", "--duration", "10m", "--json", json], async process =>
        {
            await Eventually.IsTrueAsync(() => server.Requests > 50, "fifty requests arrived");
            using var kill = Process.Start("kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
        });

        run.Code.ShouldBe(ExitCode.Interrupted, run.Error);
        run.Output.ShouldContain("interrupted: the figures cover the time until then");
        var overall = JsonNode.Parse(await File.ReadAllTextAsync(json))!["data"]!["overall"]!;
        ((bool)overall["interrupted"]!).ShouldBeTrue();
        ((int)overall["requests"]!).ShouldBeInRange(0, 30_000);
    }

    [RequiresToolFact("taskset")]
    public async Task StarvedGenerator_IsGeneratorLimited()
    {
        await using var server = ScriptedServer.Healthy();
        // A busy process on the same processor with all the priority: the generator waits and has to notice.
        using var hog = Process.Start("taskset", ["-c", "0", "sh", "-c", "while :; do :; done"]);
        try
        {
            var run = await CliRun.AsProcessAsync(["load", server.BaseUrl.ToString(), "--rate", "500", "--duration", "3s", "--no-check", "--timeout", "20s"], _ => Task.CompletedTask, "taskset", "-c", "0", "nice", "-n", "5");
            run.Code.ShouldBe(ExitCode.Undecided, run.Output + run.Error);
            run.Output.ShouldContain("GENERATOR-LIMITED");
        }
        finally
        {
            hog.Kill(entireProcessTree: true);
            await hog.WaitForExitAsync();
        }
    }
}
