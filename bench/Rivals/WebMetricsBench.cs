using System.Globalization;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>
/// What metrics cost: instances of one service with and without, in turn, many short rounds. Several of each, because two processes of the same
/// program differ for as long as they live by what their compilers saw first.
/// </summary>
internal sealed class WebMetricsBench : IBenchmark
{
    const int Core = 0;
    const int Instances = 2;
    const double Seconds = 1;
    const double WarmSeconds = 5;

    public string Name => "web-metrics";

    public string Summary => "Throughput and processor time per request with metrics on and off, alternating";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 10;
        var added = await PipelineAsync(result);
        await using var subject = await StocksSubject.CreateAsync(50);
        var pairs = new (WebProcess Off, WebProcess On)[Instances];
        for (var i = 0; i < Instances; i++)
        {
            pairs[i] = (await subject.ServeAsync("FETTLE__ENDPOINTS__METRICS=off"), await subject.ServeAsync());
        }

        var script = WebLoad.Script(subject.Folder, subject.Request);
        foreach (var server in pairs.SelectMany(p => new[] { p.Off, p.On }))
        {
            await subject.AnswerAsync(server);
            await WebLoad.WarmAsync(new Uri(server.Address, "/api/v1/predict"), script, WarmSeconds);
            await server.PinAsync(Core);
        }

        var (off, on) = (new List<(double Micros, double Rate)>(), new List<(double Micros, double Rate)>());
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < Instances; i++)
            {
                if ((round + i) % 2 == 0)
                {
                    off.Add(await MeasureAsync(pairs[i].Off, script));
                    on.Add(await MeasureAsync(pairs[i].On, script));
                }
                else
                {
                    on.Add(await MeasureAsync(pairs[i].On, script));
                    off.Add(await MeasureAsync(pairs[i].Off, script));
                }
            }
        }

        var micros = on.Zip(off, (with, without) => with.Micros / without.Micros).Order().ToArray();
        var rates = on.Zip(off, (with, without) => with.Rate / without.Rate).Order().ToArray();
        result.Tables.Add(new ResultTable(
            "POST /api/v1/predict, JSON in and out, 64 connections, server on one core",
            ["metrics", "CPU-µs per request", "requests/s"],
            [
                ["off", Format(WebPredictBench.Median(off.Select(m => m.Micros)), "0.00"), Format(WebPredictBench.Median(off.Select(m => m.Rate)), "0")],
                ["on", Format(WebPredictBench.Median(on.Select(m => m.Micros)), "0.00"), Format(WebPredictBench.Median(on.Select(m => m.Rate)), "0")],
                ["on / off, median of pairs", Format(WebPredictBench.Median(micros), "0.000"), Format(WebPredictBench.Median(rates), "0.000")],
                ["on / off, quartiles", Quartiles(micros), Quartiles(rates)],
                ["what the pipeline adds, of a request without", Format(1 + added / (1000 * WebPredictBench.Median(off.Select(m => m.Micros))), "0.0000"), ""],
            ],
            $"{rounds} rounds over {Instances} pairs of instances, {Format(Seconds, "0")} s each, pairs in changing order."));
    }

    /// <summary>One thread and no sockets: differences of a few nanoseconds show.</summary>
    /// <returns>Nanoseconds that measuring adds to a request.</returns>
    static async Task<double> PipelineAsync(ResultDocument result)
    {
        const int requests = 20_000, rounds = 41;
        var (offApp, off) = await MemoryServer.StartAsync(metrics: false);
        var (onApp, on) = await MemoryServer.StartAsync(metrics: true);
        var (heardApp, heard) = await MemoryServer.StartAsync(metrics: false, listens: true);
        foreach (var server in new[] { off, on, heard, off, on, heard })
        {
            // Long enough for the compiler to see what is hot, and to have compiled it.
            server.Send(10 * requests);
        }

        var timings = Interleaved.Measure(
            rounds,
            ("measured by nobody", requests, () => off.Send(requests)),
            ("measured in the pipeline", requests, () => on.Send(requests)),
            ("ASP.NET Core's meters listened to", requests, () => heard.Send(requests)));
        foreach (var app in new[] { offApp, onApp, heardApp })
        {
            await app.DisposeAsync();
        }

        result.Tables.Add(new ResultTable(
            "An empty answer through Fettle's pipeline, no sockets, one thread",
            ["requests", "ns", "adds ns", "bytes", "adds bytes"],
            [.. timings.Select(t => new[]
            {
                t.Name, Format(t.MedianNs, "0"), Format(t.MedianNs - timings[0].MedianNs, "0"), Format(t.BytesPerOperation, "0"), Format(t.BytesPerOperation - timings[0].BytesPerOperation, "0"),
            })],
            $"Medians of {rounds} alternating rounds of {Format(requests, "0")} requests. The listener of the last row does nothing with what it hears."));
        return timings[1].MedianNs - timings[0].MedianNs;
    }

    static async Task<(double Micros, double Rate)> MeasureAsync(WebProcess server, string script)
    {
        var used = server.CpuSeconds;
        var (rate, requests) = await WebLoad.PostAsync(new Uri(server.Address, "/api/v1/predict"), script, Seconds);
        return (1e6 * (server.CpuSeconds - used) / requests, rate);
    }

    static string Quartiles(double[] sorted) => $"{Format(sorted[sorted.Length / 4], "0.000")}–{Format(sorted[3 * sorted.Length / 4], "0.000")}";

    static string Format(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
