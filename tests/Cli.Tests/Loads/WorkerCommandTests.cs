using System.Diagnostics;
using System.Text.Json.Nodes;
using Fettle.Shared.Verbs;
using Fettle.Testing;

namespace Fettle.Cli.Tests.Loads;

[Trait("Category", "Slow")]
public sealed class WorkerCommandTests
{
    [RequiresRedisFact]
    public async Task KilledWorker_IsReportedAndTheRunIsMarked()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var server = ScriptedServer.Healthy();
        using var folder = new TemporaryFolder();
        var address = $"redis://127.0.0.1:{redis.Port}";
        var run = Task.FromResult(new CliOutcome(0, "", ""));
        var survivor = CliRun.AsProcessAsync(["load", "worker", address, "--name", "survivor", "--once"], _ => Task.CompletedTask);
        var victim = await CliRun.AsProcessAsync(["load", "worker", address, "--name", "victim"], async process =>
        {
            run = CliRun.InProcessAsync("load", server.BaseUrl.ToString(), "--rate", "60", "--duration", "8s", "--workers", address, "--worker-count", "2", "--json", folder.File("r.json"));
            await Eventually.IsTrueAsync(() => server.Requests > 100 || run.IsCompleted, "a hundred requests arrived");
            process.Kill();
        });

        victim.Code.ShouldBe(137);
        var outcome = await run;
        outcome.Code.ShouldBe(ExitCode.Undecided, outcome.Error);
        outcome.Output.ShouldMatch("LOST  worker victim.*said nothing for 5 s");
        (await survivor).Code.ShouldBe(ExitCode.Ok);
        var overall = JsonNode.Parse(await File.ReadAllTextAsync(folder.File("r.json")))!["data"]!["overall"]!;
        ((int)overall["requests"]!).ShouldBe(240); // the survivor's half, whole
    }

    [Fact]
    public async Task Mistakes_AreNamed()
    {
        var address = await CliRun.InProcessAsync("load", "worker", "http://x");
        (address.Code, address.Error.Contains("redis://")).ShouldBe((ExitCode.Usage, true));
        var threads = await CliRun.InProcessAsync("load", "worker", "redis://127.0.0.1:1", "--threads", "99");
        (threads.Code, threads.Error.Contains("Threads is 99")).ShouldBe((ExitCode.Usage, true));
        var nobody = await CliRun.InProcessAsync("load", "worker", "redis://127.0.0.1:1");
        nobody.Code.ShouldBe(ExitCode.Error, nobody.Error);
        await using var server = ScriptedServer.Healthy();
        var coordinator = await CliRun.InProcessAsync("load", server.BaseUrl.ToString(), "--workers", "redis://127.0.0.1:1");
        coordinator.Code.ShouldBe(ExitCode.Error, coordinator.Error);
        var many = await CliRun.InProcessAsync("load", "http://127.0.0.1:1", "--connections", "30000");
        (many.Code, many.Error.Contains("the limit is 20000 (--max-connections)")).ShouldBe((ExitCode.Usage, true));
    }
}
