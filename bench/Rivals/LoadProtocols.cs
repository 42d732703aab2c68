using System.Globalization;
using System.Text.RegularExpressions;
using Fettle.LoadTesting;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>
/// Processor time per request over TLS and HTTP/2, closed loop against one nginx worker, interleaved: the engine's own sockets, the
/// framework's client under the same schedule, h2load and wrk.
/// </summary>
internal sealed class LoadProtocols : IBenchmark
{
    const int Connections = 64;

    public string Name => "load-protocols";

    public string Summary => "CPU-µs per request over TLS and HTTP/2: Fettle, h2load, wrk";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 3;
        using var target = new LoadTarget();
        await target.ReadyAsync();
        (string Protocol, string Url, bool Http2, string Rival)[] protocols =
        [
            ("HTTP/2, plain text", target.Http2Url, true, $"h2load -t1 -c{Connections} -m1 -D3"),
            ("HTTP/1.1, TLS", target.TlsUrl, false, $"h2load --h1 -t1 -c{Connections} -m1 -D3"),
            ("HTTP/2, TLS", target.TlsUrl, true, $"h2load -t1 -c{Connections} -m1 -D3"),
        ];
        var found = new Dictionary<(string Protocol, string Generator), List<(double Micros, double Rate)>>();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (protocol, url, http2, rival) in protocols)
            {
                Add(protocol, "Fettle", await FettleAsync(url, http2, frameworkClient: false));
                Add(protocol, rival.Split(" -D")[0], await H2LoadAsync($"{rival} {url}"));
                if (!http2)
                {
                    Add(protocol, $"wrk -t1 -c{Connections}", await LoadCost.WrkAsync(url));
                }

                Add(protocol, "Fettle --framework-client", await FettleAsync(url, http2, frameworkClient: true));
            }
        }

        result.Tables.Add(new ResultTable($"Processor time per request, {Connections} connections with a request each, nginx with one worker on the other core",
            ["protocol", "generator", "CPU-µs per request", "× Fettle", "requests/s"],
            [.. found.Select(f => new[]
            {
                f.Key.Protocol, f.Key.Generator, LoadCost.Format(LoadCost.Median(f.Value.Select(v => v.Micros))),
                LoadCost.Format(LoadCost.Median(f.Value.Select(v => v.Micros)) / LoadCost.Median(found[(f.Key.Protocol, "Fettle")].Select(v => v.Micros))), LoadCost.Format(LoadCost.Median(f.Value.Select(v => v.Rate))),
            })],
            "Medians over the rounds; processor time is user + system of the generator (Fettle: of its loop thread; with --framework-client of the whole process)."));

        void Add(string protocol, string generator, (double, double) value)
        {
            (found.TryGetValue((protocol, generator), out var list) ? list : found[(protocol, generator)] = []).Add(value);
        }
    }

    static async Task<(double, double)> FettleAsync(string url, bool http2, bool frameworkClient)
    {
        var before = Environment.CpuUsage.TotalTime;
        var result = await new LoadGenerator().RunAsync(new LoadPlan
        {
            BaseUrl = new Uri(url),
            Model = LoadModel.Users(Connections),
            Source = new RequestCycle([LoadRequest.Get("/")]),
            Duration = TimeSpan.FromSeconds(3),
            Protocol = http2 ? HttpProtocol.Http2 : HttpProtocol.Http11,
            TrustAnyCertificate = true,
            FrameworkClient = frameworkClient,
        });
        if (result.Failed > 0)
        {
            throw new InvalidOperationException($"{result.Failed} requests failed: {result.ErrorSamples[0]}");
        }

        var seconds = frameworkClient ? (Environment.CpuUsage.TotalTime - before).TotalSeconds : result.Generator.CpuSeconds;
        return (seconds * 1e6 / result.Requests, result.Throughput);
    }

    static async Task<(double, double)> H2LoadAsync(string command)
    {
        var (output, cpu) = await TimedProgram.RunAsync(command);
        var requests = double.Parse(Regex.Match(output, @"(\d+) succeeded").Groups[1].Value, CultureInfo.InvariantCulture);
        return (cpu * 1e6 / requests, double.Parse(Regex.Match(output, @"([\d.]+) req/s").Groups[1].Value, CultureInfo.InvariantCulture));
    }
}
