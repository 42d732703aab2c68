using Fettle.LoadTesting.Scenarios;
using Fettle.LoadTesting.Server;
using Fettle.LoadTesting.Reports;
using Fettle.Redis;
using Fettle.Testing;

namespace Fettle.LoadTesting.Tests.Server;

public sealed class ServerProbeTests
{
    const string Metrics = """
        # HELP dotnet_gc_collections_total The number of collections.
        # TYPE dotnet_gc_collections_total counter
        dotnet_gc_collections_total{gc_heap_generation="gen0"} 12
        dotnet_gc_collections_total{gc_heap_generation="gen1",other="a } b"} 3 1700000000000
        dotnet_gc_pause_time_seconds_total 0.25
        dotnet_gc_last_collection_heap_size_bytes{gc_heap_generation="gen0"} 1.048576e+06
        dotnet_gc_last_collection_heap_size_bytes{gc_heap_generation="loh"} 1048576
        dotnet_thread_pool_queue_length 4
        dotnet_thread_pool_queue_lengths 99
        http_server_active_requests{http_request_method="GET"} NaN
        broken{ 7
        """;

    [Fact]
    public void Metrics_AreReadByNameAndAddedOverLabels()
    {
        var probe = new MetricsProbe(new Uri("http://127.0.0.1:1"));
        var values = probe.Figures.Zip(MetricsProbe.Read(Metrics)).ToDictionary(v => v.First.Name, v => v.Second);
        values["GC collections/s"].ShouldBe(15);
        values["GC pause ms/s"].ShouldBe(0.25);
        values["heap MB"].ShouldBe(2 * 1048576);
        values["thread pool queue"].ShouldBe(4);
        values["pool threads"].ShouldBe(double.NaN);
        values["active requests"].ShouldBe(double.NaN);
    }

    [Fact]
    public void BrokenMetrics_NeverThrow()
    {
        var random = new Random(5);
        for (var trial = 0; trial < 2_000; trial++)
        {
            var text = Metrics.ToCharArray();
            for (var i = random.Next(1, 12); i > 0; i--)
            {
                text[random.Next(text.Length)] = " \n{}\"#_e.0\0\u00fc"[random.Next(12)];
            }

            MetricsProbe.Read(new string(text)).Length.ShouldBe(8);
            RedisProbe.Read(new string(text)).Length.ShouldBe(9);
        }
    }

    [Fact]
    public async Task Counters_BecomeRatesAndARestartLeavesAGap()
    {
        var probe = new FakeProbe([[10, 5], [40, 6], [20, 7], [35, 8]]);
        await using var sampler = new ServerSampler(probe, TimeProvider.System, TimeSpan.FromMilliseconds(20));
        await Eventually.IsTrueAsync(() => probe.Reads > 4, "all was read");
        var series = await sampler.FinishAsync();
        series.Samples.Count.ShouldBeGreaterThanOrEqualTo(3);
        series.Samples[0].Values[0].ShouldBeGreaterThan(0);
        double.IsNaN(series.Samples[1].Values[0]).ShouldBeTrue();
        series.Samples.Take(3).Select(s => s.Values[1]).ShouldBe([12, 14, 16]); // twice the gauge
        series.Note.ShouldBe("the end of the test's values");
        series.Max("gauge").ShouldBe(16);
        series.Mean("nothing").ShouldBe(double.NaN);
    }

    [RequiresRedisFact]
    public async Task Redis_IsReadWhileLoadRuns()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var server = ScriptedServer.Healthy();
        await using var probe = await RedisProbe.ConnectAsync(RedisOptions.Parse($"redis://127.0.0.1:{redis.Port}"), default);
        var file = ScenarioReader.Parse("scenarios: { s: { rate: 20, duration: 4s, requests: [{ path: / }] } }");
        var run = await new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = server.BaseUrl, Probes = [probe] });

        var series = run.Servers.ShouldHaveSingleItem();
        (series.Source, series.Note).ShouldBe(("redis", ""));
        series.Samples.ShouldNotBeEmpty();
        series.Max("clients").ShouldBeGreaterThanOrEqualTo(1);
        series.Max("memory MB").ShouldBeGreaterThan(0.1);
        var report = LoadReport.Of(run, ["test"]);
        report.ToText().ShouldContain("commands/s");
        report.ToHtml().ShouldContain("<h2>Redis</h2>");
    }

    [Fact]
    public async Task RuntimeOfTheTarget_IsReadFromItsMetrics()
    {
        var collections = 0;
        await using var server = new ScriptedServer(async r =>
        {
            var body = r.Path == "/metrics" ? $"dotnet_gc_collections_total {++collections}\n" : "ok";
            await r.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}");
            return true;
        });
        var file = ScenarioReader.Parse("scenarios: { s: { rate: 20, duration: 4s, requests: [{ path: / }] } }");
        var run = await new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = server.BaseUrl, Metrics = true });

        run.Overall.Requests.ShouldBe(80); // the probe's requests are none of the run's
        var series = run.Servers.ShouldHaveSingleItem();
        series.Source.ShouldBe("runtime");
        series.Mean("GC collections/s").ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Hints_NameTheStrongestThree()
    {
        static ServerSeries Series(string source, params (string Figure, double Value)[] values) =>
            new(source, [.. values.Select(v => v.Figure)], [(1, [.. values.Select(v => v.Value)])], "");
        var quiet = Result(100);
        BottleneckHints.Of(quiet, [], 2).ShouldBeEmpty();
        var hints = BottleneckHints.Of(quiet, [], 2,
        [
            Series("runtime", ("GC pause ms/s", 120), ("lock contentions/s", 900), ("thread pool queue", 40)),
            Series("redis", ("CPU % of a core", 95)),
            Series("postgres", ("waiting for locks", 3), ("blocks read/s", 5_000), ("blocks hit/s", 5_000)),
        ]);
        hints.Select(h => h.Split(':')[0]).ShouldBe(["redis-bound", "lock-bound in PostgreSQL", "GC-bound"]);
        hints[2].ShouldContain("12 % of the time");
    }

    static LoadResult Result(long requests)
    {
        var latency = new LatencyHistogram();
        for (var i = 0; i < requests; i++)
        {
            latency.Record(TimeSpan.FromMilliseconds(5));
        }

        return new LoadResult
        {
            StartedAt = DateTimeOffset.UnixEpoch, Seconds = 10, Requests = requests, Failed = 0, Errors = new Dictionary<string, long>(), ErrorSamples = [], Latency = latency,
            ServiceTime = latency, SendLag = latency, ByRequest = [], Blocks = [], Late = 0, Dropped = 0, Retried = 0, ConnectionsOpened = 1, BytesReceived = 1,
            Generator = new GeneratorWatch(1, 0, latency, false, ""),
        };
    }

    sealed class FakeProbe(double[][] values) : IServerProbe
    {
        int _reads;

        public int Reads => Volatile.Read(ref _reads);

        public string Name => "fake";

        public IReadOnlyList<ServerFigure> Figures { get; } = [new("counter/s", Counter: true), new("gauge", Factor: 2)];

        public ValueTask<double[]> ReadAsync(CancellationToken cancellation)
        {
            var read = Interlocked.Increment(ref _reads) - 1;
            return read < values.Length ? ValueTask.FromResult(values[read]) : throw new IOException("the end of the test's values");
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
