using System.Diagnostics;
using System.Text.RegularExpressions;
using Fettle.Caching;
using Fettle.Databases;
using Fettle.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore.Tests;

/// <summary>The rules and boards that ship name metrics that services have, and runbooks that exist.</summary>
[Trait("Category", "Slow")]
public sealed partial class AlertRuleTests
{
    const string Folder = "deploy/prometheus";

    [RequiresToolFact("promtool")]
    public void Rules_FireWhereTheyShould() => Promtool("test", "rules", Programs.RepositoryFile(Folder + "/fettle-rules.test.yml"));

    [RequiresToolFact("promtool")]
    public void Configuration_IsValid() => Promtool("check", "config", Programs.RepositoryFile(Folder + "/prometheus.yml"));

    [Fact]
    public void EveryAlert_HasARunbookThatExists()
    {
        var rules = File.ReadAllText(Programs.RepositoryFile(Folder + "/fettle-rules.yml"));
        var runbooks = Regex.Matches(rules, "runbook_url: (\\S+)").Select(m => m.Groups[1].Value).ToArray();

        runbooks.Length.ShouldBe(Regex.Count(rules, "- alert:"));
        runbooks.ShouldAllBe(r => File.Exists(Programs.RepositoryFile(r)));
    }

    [Theory]
    [InlineData(Folder + "/fettle-rules.yml", "expr: (.*)")]
    [InlineData("deploy/grafana/fettle.json", "\"expr\": \"(.*)\"")]
    public async Task EveryNamedMetric_IsOneThatServicesHave(string file, string pattern)
    {
        var folder = Directory.CreateTempSubdirectory("fettle-rules-").FullName;
        try
        {
            await using var database = Database.Open(DatabaseAddress.Parse("sqlite:" + Path.Combine(folder, "d.db")));
            await using var cache = new FettleCache(new FettleCacheOptions());
            cache.Category<string>(new CategoryOptions("features"));
            await using var service = await ServiceUnderTest.StartAsync(
                build: b => b.Services.AddSingleton(database).AddSingleton(cache), map: app => app.MapGet("/broken", () => Results.StatusCode(500)));
            await using (await database.OpenWriteAsync())
            {
                await service.Client.GetAsync("/broken");
            }

            var known = "";
            await Eventually.IsTrueAsync(() => (known = service.Client.GetStringAsync("/metrics").GetAwaiter().GetResult()).Contains("http_server_request_duration_seconds_count", StringComparison.Ordinal), "the request is counted");
            var names = Regex.Matches(known, "^([a-zA-Z_:][a-zA-Z0-9_:]*)[{ ]", RegexOptions.Multiline).Select(m => m.Groups[1].Value).ToHashSet();

            // Only a service with a Redis tier, or one that was tuned, has them; their names are made as all are.
            names.Add(PrometheusText.Name("fettle.tuning.actions", "{action}", MetricFamily.Gauge));
            names.Add(PrometheusText.Name("fettle.redis.connected", "{connection}", MetricFamily.Gauge));
            var expressions = Regex.Matches(await File.ReadAllTextAsync(Programs.RepositoryFile(file)), pattern).Select(m => m.Groups[1].Value).ToArray();
            expressions.ShouldNotBeEmpty();
            var used = expressions.SelectMany(e => Metric().Matches(Braces().Replace(e, "")).Select(m => m.Value)).ToHashSet();

            used.Count.ShouldBeGreaterThan(5);
            used.Except(names).ShouldBeEmpty($"{file} names metrics that no service has");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static void Promtool(params string[] arguments)
    {
        var start = new ProcessStartInfo(Tools.Find("promtool")!) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var promtool = Process.Start(start)!;
        var said = promtool.StandardOutput.ReadToEnd() + promtool.StandardError.ReadToEnd();
        promtool.WaitForExit();
        promtool.ExitCode.ShouldBe(0, said);
    }

    /// <summary>Label lists, and the names of recorded series.</summary>
    [GeneratedRegex(@"\{[^}]*\}|by \([^)]*\)|on \([^)]*\)|fettle:[a-z0-9_:]+")]
    private static partial Regex Braces();

    [GeneratedRegex(@"\b(?:http|fettle|dotnet|db|cache)_[a-z0-9_]+")]
    private static partial Regex Metric();
}
