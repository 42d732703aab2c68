using System.Diagnostics;
using System.Text.Json.Nodes;
using Fettle.LoadTesting.Capacity;
using Fettle.Testing;
using YamlDotNet.RepresentationModel;

namespace Fettle.LoadTesting.Tests.Capacity;

public sealed class ScalingFilesTests
{
    static readonly CapacityRequest Request = new() { PeakRate = 50_000, Service = "stocks", Port = 18999 };

    static (CapacityPlan Plan, IReadOnlyDictionary<string, string> Files) Make()
    {
        var plan = CapacityPlan.Of(ScalabilityLawTests.Cisco, Request);
        return (plan, ScalingFiles.Write(plan, Request));
    }

    [Fact]
    public void Plan_FollowsFromTheCurve()
    {
        var (plan, _) = Make();
        plan.RatePerInstance.ShouldBe(0.7 * 12341, 5);
        plan.Instances.ShouldBe(6); // 50,000 / 8,639
        plan.MaxInstances.ShouldBe(10);
        plan.Limit.ShouldStartWith("contention");
        plan.Connections.ShouldBe((int)Math.Ceiling(plan.Law.ConcurrencyFor(plan.RatePerInstance)) + 1);
    }

    [Fact]
    public void EveryYaml_Parses()
    {
        foreach (var (name, text) in Make().Files.Where(f => f.Key.EndsWith(".yaml", StringComparison.Ordinal)))
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            var root = (YamlMappingNode)stream.Documents.Single().RootNode;
            root.Children.ContainsKey(new YamlScalarNode("apiVersion")).ShouldBeTrue(name);
            root.Children.ContainsKey(new YamlScalarNode("spec")).ShouldBeTrue(name);
        }
    }

    [Fact]
    public void AwsRequestTarget_IsPerMinute()
    {
        var (plan, files) = Make();
        var policy = JsonNode.Parse(files["aws/target-tracking-requests.json"])!;
        ((double)policy["TargetValue"]!).ShouldBe(Math.Floor(plan.RatePerInstance * 60));
        ((int)policy["ScaleInCooldown"]!).ShouldBe(600);
        ((double)JsonNode.Parse(files["gcp/autoscaler.json"])!["autoscalingPolicy"]!["cpuUtilization"]!["utilizationTarget"]!).ShouldBe(0.7);
    }

    [RequiresToolFact("nginx")]
    public async Task NginxFile_IsAcceptedByNginx()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-nginx").FullName;
        try
        {
            foreach (var sticky in new[] { false, true })
            {
                var text = ScalingFiles.Write(Make().Plan, Request with { Sticky = sticky })["nginx/upstream.conf"];
                var path = Path.Combine(folder, "nginx.conf");
                await File.WriteAllTextAsync(path, $"pid {folder}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off;\n{text}}}\n");
                using var nginx = Process.Start(new ProcessStartInfo("nginx", ["-t", "-q", "-c", path]) { RedirectStandardError = true })!;
                var errors = await nginx.StandardError.ReadToEndAsync();
                await nginx.WaitForExitAsync();
                nginx.ExitCode.ShouldBe(0, errors);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Requests_AreValidated()
    {
        Should.Throw<ArgumentException>(() => Request with { Service = "Bad Name" });
        Should.Throw<ArgumentOutOfRangeException>(() => Request with { TargetCpu = 1.5 });
        Should.Throw<ArgumentException>(() => ScalingFiles.Write(Make().Plan, Request with { Upstreams = ["a;b"] }));
    }
}
