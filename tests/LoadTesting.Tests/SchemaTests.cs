using System.Text.Json.Nodes;
using Fettle.LoadTesting.Capacity;
using Fettle.LoadTesting.Importing;
using Fettle.LoadTesting.Scenarios;
using Fettle.LoadTesting.Tests.Capacity;
using Fettle.Testing;

namespace Fettle.LoadTesting.Tests;

/// <summary>deploy/schemas against the files it describes.</summary>
public sealed class SchemaTests
{
    const string Whole = """
        schema: fettle.scenario/1
        name: all
        target: http://127.0.0.1:1
        variables: { day: "2025-01-31", n: 5 }
        feeds: { item: { values: [a, 1], choose: zipf, exponent: 1.1, seed: 3 } }
        headers: { X-A: b }
        auth: { basic: "u:p" }
        timeout: 10s
        setup: [{ path: /login, method: POST, json: { a: 1 }, extract: { token: { json: $.t } } }]
        teardown: [{ path: /bye }]
        scenarios:
          a:
            rate: 0
            arrivals: poisson
            seed: 4
            start: 1s
            warmup: 1s
            stages: [{ target: 5, duration: 10s, step: true }]
            connections: 10
            requests:
              - { name: x, weight: 2, path: "/${item}", headers: { Y: z }, auth: { bearer: t }, expect: [200, 404], checks: [{ name: c, json: $.a, equals: b }], tags: { k: v } }
              - { weight: 1.5, steps: [{ path: /s, method: POST, body: text, expect: 201, think: 250ms }] }
          b: { after: a, users: 3, think: 1s..2s, requests-limit: 10, duration: 5m, timeout: 3s, cookies: true, requests: [{ path: / }] }
        thresholds: { http_req_failed: rate<1, http_req_duration: ["p(95)<50", { threshold: p(99)<9, abortOnFail: true, delayAbortEval: 10s }] }
        short: { time: 0.1, load: 0.1 }
        """;

    static readonly JsonSchema Scenario = JsonSchema.Load("fettle.scenario-1.json");

    static bool Reads(JsonNode scenario)
    {
        try
        {
            ScenarioReader.Parse(scenario.ToJsonString()); // JSON is YAML
            return true;
        }
        catch (ScenarioException)
        {
            return false;
        }
    }

    [Fact]
    public void ScenarioSchema_AcceptsWhatTheReaderAccepts()
    {
        var whole = YamlJson.Parse(Whole);
        Reads(whole).ShouldBeTrue();
        Scenario.Mistakes(whole).ShouldBeEmpty();
        var files = Directory.GetFiles(Programs.RepositoryFile("services"), "*.yaml", SearchOption.AllDirectories).Where(f => Path.GetFileName(Path.GetDirectoryName(f)) == "Scenarios").ToArray();
        files.Length.ShouldBeGreaterThan(9);
        foreach (var file in files)
        {
            Scenario.Mistakes(YamlJson.Parse(File.ReadAllText(file))).ShouldBeEmpty(file);
        }

    }

    /// <summary>Schema and reader list the same keys: whatever key is misspelt anywhere, both refuse the file.</summary>
    [Fact]
    public void MisspeltKeys_AreRefusedByBoth()
    {
        var tried = 0;
        foreach (var path in Mappings(YamlJson.Parse(Whole), []).ToArray())
        {
            var copy = YamlJson.Parse(Whole);
            var mapping = path.Aggregate((JsonNode)copy, (node, step) => step is int index ? node[index]! : node[(string)step]!).AsObject();
            // Names that the author chooses cannot be misspelt.
            if (path is [] || path[^1] is not ("variables" or "headers" or "tags" or "extract" or "feeds" or "scenarios" or "thresholds" or "json"))
            {
                mapping["qqqqq"] = "x";
                Scenario.Mistakes(copy).ShouldNotBeEmpty(string.Join('.', path));
                Reads(copy).ShouldBeFalse(string.Join('.', path));
                tried++;
            }
        }

        tried.ShouldBeGreaterThan(12);
    }

    /// <summary>Whatever value stands anywhere: what the reader accepts, the schema accepts too, so that an editor never marks a file that runs.</summary>
    [Fact]
    public void AnyValueAnywhere_IsNoMistakeOfTheSchemaWhenItIsNoneOfTheReader()
    {
        // No null and no number in quotes: the reader takes both for what they spell, and an editor may well ask about them.
        string[] values = ["true", "0", "-1", "2.5", "1e9", "\"\"", "\"x\"", "\"5s\"", "[]", "[1]", "[\"a\",\"b\"]", "{}", "{\"a\":\"b\"}"];
        var (accepted, refused) = (0, 0);
        var differ = new List<string>();
        foreach (var path in Leaves(YamlJson.Parse(Whole), []).ToArray())
        {
            foreach (var value in values)
            {
                var copy = YamlJson.Parse(Whole);
                var parent = path[..^1].Aggregate((JsonNode)copy, (node, step) => step is int index ? node[index]! : node[(string)step]!);
                if (path[^1] is int at)
                {
                    parent[at] = JsonNode.Parse(value);
                }
                else
                {
                    parent[(string)path[^1]] = JsonNode.Parse(value);
                }

                if (Reads(copy))
                {
                    differ.AddRange(Scenario.Mistakes(copy).Select(m => $"{string.Join('.', path)} = {value}: {m}"));
                    accepted++;
                }
                else
                {
                    refused++;
                }
            }
        }

        differ.ShouldBeEmpty(string.Join('\n', differ));
        accepted.ShouldBeGreaterThan(100);
        refused.ShouldBeGreaterThan(100);
    }

    [Theory]
    [InlineData("kubernetes/deployment.yaml", "kubernetes-deployment.json")]
    [InlineData("kubernetes/hpa.yaml", "kubernetes-hpa.json")]
    [InlineData("kubernetes/pdb.yaml", "kubernetes-pdb.json")]
    [InlineData("kubernetes/keda.yaml", "keda-scaledobject.json")]
    [InlineData("aws/target-tracking-cpu.json", "aws-target-tracking.json")]
    [InlineData("aws/target-tracking-requests.json", "aws-target-tracking.json")]
    [InlineData("aws/scale-in-step.json", "aws-step-scaling.json")]
    [InlineData("aws/scale-in-alarm.json", "aws-metric-alarm.json")]
    [InlineData("gcp/autoscaler.json", "gcp-autoscaler.json")]
    public void GeneratedFile_FitsItsSchema(string file, string schema)
    {
        foreach (var request in new CapacityRequest[] { new() { PeakRate = 50_000 }, new() { PeakRate = 1, Service = "a-1", TargetCpu = 0.55, MinInstances = 1, MaxInstances = 1, Port = 80, Image = "r/\"x\":1" } })
        {
            var text = ScalingFiles.Write(CapacityPlan.Of(ScalabilityLawTests.Cisco, request), request)[file];
            JsonSchema.Load(schema).Mistakes(YamlJson.Parse(text)).ShouldBeEmpty();
            var broken = YamlJson.Parse(text);
            broken["typo"] = 1;
            JsonSchema.Load(schema).Mistakes(broken).ShouldNotBeEmpty();
        }
    }

    static IEnumerable<object[]> Leaves(JsonNode? node, object[] path) => node switch
    {
        JsonObject mapping => mapping.SelectMany(m => Leaves(m.Value, [.. path, m.Key])),
        JsonArray list => list.SelectMany((item, i) => Leaves(item, [.. path, i])),
        _ => [path],
    };

    static IEnumerable<object[]> Mappings(JsonNode? node, object[] path) => node switch
    {
        JsonObject mapping => mapping.SelectMany(m => Mappings(m.Value, [.. path, m.Key])).Prepend(path),
        JsonArray list => list.SelectMany((item, i) => Mappings(item, [.. path, i])),
        _ => [],
    };
}
