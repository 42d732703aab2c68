using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Fettle.AspNetCore.Tests;

/// <summary>The export against a collector of the test's own that keeps what it is sent.</summary>
public sealed class OtlpExportTests
{
    [Fact]
    public async Task StandardVariables_SendTheMetricsToTheCollector()
    {
        await using var collector = await Collector.StartAsync();
        await using (var service = await ServiceUnderTest.StartAsync(build: b =>
        {
            b.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address;
            b.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
            b.Configuration["OTEL_EXPORTER_OTLP_HEADERS"] = "x-tenant=shop";
            b.Configuration["OTEL_METRIC_EXPORT_INTERVAL"] = "3600000";
            b.Configuration["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment=test";
        }))
        {
            await service.Client.GetStringAsync("/livez");
        }

        // The last values go out when the service stops, so no interval has to pass.
        collector.Requests.ShouldContain(r => r.Path == "/v1/metrics" && r.Tenant == "shop");
        var sent = string.Concat(collector.Requests.Select(r => Encoding.Latin1.GetString(r.Body)));
        sent.ShouldContain("http.server.request.duration");
        sent.ShouldContain("fettle.switch.on");
        sent.ShouldContain("/livez");
        sent.ShouldContain("service.name");
        sent.ShouldContain("sample");
        sent.ShouldContain("deployment.environment");

        // The first of our bounds, 0.1 ms, as eight bytes of a double.
        sent.ShouldContain(Encoding.Latin1.GetString(BitConverter.GetBytes(0.0001)));
    }

    [Theory]
    [InlineData(null, null, null, false)]
    [InlineData("http://127.0.0.1:4317", null, null, true)]
    [InlineData("http://127.0.0.1:4317", "OTEL_SDK_DISABLED", "true", false)]
    [InlineData("http://127.0.0.1:4317", "OTEL_METRICS_EXPORTER", "none", false)]
    [InlineData(null, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://127.0.0.1:4317", true)]
    public void Variables_Decide(string? endpoint, string? name, string? value, bool wanted)
    {
        var values = new Dictionary<string, string?> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint };
        if (name is not null)
        {
            values[name] = value;
        }

        OtlpExport.IsWanted(new ConfigurationBuilder().AddInMemoryCollection(values).Build()).ShouldBe(wanted);
    }

    [Fact]
    public async Task CollectorThatIsAway_DisturbsNothing()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        taken.Stop();
        await using var service = await ServiceUnderTest.StartAsync(build: b =>
        {
            b.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://127.0.0.1:{port}";
            b.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        });
        (await service.Client.GetStringAsync("/livez")).ShouldBe("ok");
    }

    sealed class Collector : IAsyncDisposable
    {
        readonly WebApplication _app;

        Collector(WebApplication app) => _app = app;

        public ConcurrentQueue<(string Path, string? Tenant, byte[] Body)> Requests { get; } = [];

        public string Address => _app.Urls.First();

        public static async Task<Collector> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var collector = new Collector(builder.Build());
            collector._app.MapPost("/{**path}", async (HttpContext context) =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                collector.Requests.Enqueue((context.Request.Path, context.Request.Headers["x-tenant"], body.ToArray()));
                return Results.Bytes([], "application/x-protobuf");
            });
            await collector._app.StartAsync();
            return collector;
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();
    }
}
