using System.Xml.Linq;
using Fettle.LoadTesting.Reports;
using Fettle.LoadTesting.Scenarios;
using Fettle.Testing;
using Fettle.LoadTesting.Thresholds;

namespace Fettle.LoadTesting.Tests.Reports;

public sealed class LoadReportTests
{
    static async Task<LoadReport> RunAsync()
    {
        await using var server = new ScriptedServer(async r =>
        {
            await r.WriteAsync(r.Number % 20 == 0 ? "HTTP/1.1 500 <oops>\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            return true;
        });
        var file = ScenarioReader.Parse("""
            name: "<shop> & co"
            scenarios: { s: { rate: 200, duration: 1500ms, requests: [{ name: "a|b", path: /, tags: { kind: read } }] } }
            thresholds: { http_req_failed: [rate<0.01, rate<0.5], "http_req_duration{kind:read}": max>0 }
            """);
        var run = await new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = server.BaseUrl });
        return LoadReport.Of(run, ["fettle", "load"]);
    }

    [Fact]
    public async Task SavedReport_RendersTheSameFromTheFileAlone()
    {
        var report = await RunAsync();
        var path = Path.Combine(Path.GetTempPath(), $"fettle-{Guid.NewGuid():n}.json");
        try
        {
            report.Save(path);
            var again = LoadReport.Load(path);
            again.ToJson().ShouldBe(report.ToJson());
            again.ToText().ShouldBe(report.ToText());
            again.ToHtml().ShouldBe(report.ToHtml());
            again.ToMarkdown().ShouldBe(report.ToMarkdown());
            again.Figure(Threshold.Parse("http_reqs", "count>0")).ShouldBe(300);
            again.Figure(Threshold.Parse("http_req_duration{kind:read}", "p(99)<1"))!.Value.ShouldBeGreaterThan(0);
            again.Figure(Threshold.Parse("http_req_duration{kind:write}", "p(99)<1")).ShouldBeNull();
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task EveryFormat_EscapesAndIsWhole()
    {
        var report = await RunAsync();
        var text = report.ToText();
        text.ShouldContain("FAIL  http_req_failed rate<0.01");
        text.ShouldContain("PASS  http_req_failed rate<0.5");
        text.ShouldContain("status 500");
        report.ToHtml().ShouldNotContain("<shop>");
        report.ToHtml().ShouldContain("&lt;shop&gt; &amp; co");
        report.ToHtml().ShouldNotContain("src=");
        report.ToHtml().ShouldNotContain("href=");
        report.ToMarkdown().ShouldContain("s/a\\|b");
        var junit = XDocument.Parse(report.ToJUnit()).Root!;
        // A busy machine may add the verdict that the generator was the limit.
        junit.Descendants("failure").Select(f => f.Attribute("message")!.Value).Count(m => m.StartsWith("failed:", StringComparison.Ordinal)).ShouldBe(1);
        junit.Elements("testcase").Count(c => c.Attribute("name")!.Value.StartsWith("http_req", StringComparison.Ordinal)).ShouldBe(3);
        report.ToCsv().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(4);
    }
}
