using Fettle.Shared.Verbs;
using Fettle.Testing;

namespace Fettle.Cli.Tests.Loads;

/// <summary>Figures of PostgreSQL and Redis beside the load.</summary>
[Trait("Category", "Slow")]
public sealed class LoadProbesTests
{
    [RequiresPostgresFact]
    public async Task Postgres_StandsInTheReport()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var server = ScriptedServer.Healthy();
        using var folder = new TemporaryFolder();
        var run = await CliRun.InProcessAsync("load", server.BaseUrl.ToString(), "--rate", "20", "--duration", "4s", "--postgres", postgres.ConnectionString(), "--html", folder.File("r.html"));
        run.ShouldBeFine();
        run.Output.ShouldContain("PostgreSQL");
        run.Output.ShouldMatch(@"commits/s\s+[\d.]+");
        run.Output.ShouldMatch(@"connections\s+[1-9]");
        run.Output.ShouldNotContain("values are missing");
        (await File.ReadAllTextAsync(folder.File("r.html"))).ShouldContain("<h2>PostgreSQL</h2>");
    }

    [RequiresRedisFact]
    public async Task Redis_StandsInTheReport()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var server = ScriptedServer.Healthy();
        var run = await CliRun.InProcessAsync("load", server.BaseUrl.ToString(), "--rate", "20", "--duration", "4s", "--redis", $"redis://127.0.0.1:{redis.Port}");
        run.ShouldBeFine();
        run.Output.ShouldMatch(@"clients\s+[1-9]");
    }

    [Theory]
    [InlineData("--postgres", "Host=127.0.0.1;Port=1;Username=x;Database=x;Timeout=2")]
    [InlineData("--redis", "redis://127.0.0.1:1")]
    public async Task ServerThatIsNotThere_Exits1BeforeTheRun(string option, string address)
    {
        await using var server = ScriptedServer.Healthy();
        var run = await CliRun.InProcessAsync("load", server.BaseUrl.ToString(), "--duration", "1s", option, address);
        run.Code.ShouldBe(ExitCode.Error, run.Error);
        run.Error.ShouldStartWith("fettle: ");
        server.Requests.ShouldBe(0);
    }
}
