using System.Globalization;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>What listening to metrics costs: two instances of one service, with and without, in turn, many short rounds.</summary>
internal sealed class WebMetricsBench : IBenchmark
{
    const int Core = 0;
    const double Seconds = 2;

    public string Name => "web-metrics";

    public string Summary => "Processor time per request with metrics on and off, alternating";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 14;
        await using var subject = await StocksSubject.CreateAsync(50);
        WebProcess[] servers = [await subject.ServeAsync("FETTLE__ENDPOINTS__METRICS=off"), await subject.ServeAsync()];
        var script = WebLoad.Script(subject.Folder, subject.Request);
        foreach (var server in servers)
        {
            await subject.AnswerAsync(server);
            await WebLoad.WarmAsync(new Uri(server.Address, "/api/v1/predict"), script, 5 * Seconds);
            await server.PinAsync(Core);
        }

        List<double>[] micros = [[], []];
        List<double>[] rates = [[], []];
        for (var round = 0; round < rounds; round++)
        {
            foreach (var which in round % 2 == 0 ? new[] { 0, 1 } : [1, 0])
            {
                var used = servers[which].CpuSeconds;
                var (rate, requests) = await WebLoad.PostAsync(new Uri(servers[which].Address, "/api/v1/predict"), script, Seconds);
                micros[which].Add(1e6 * (servers[which].CpuSeconds - used) / requests);
                rates[which].Add(rate);
            }
        }

        var ratios = micros[1].Zip(micros[0], (on, off) => on / off).Order().ToArray();
        string Format(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
        result.Tables.Add(new ResultTable(
            "POST /api/v1/predict, JSON in and out, 64 connections, server on one core",
            ["metrics", "CPU-µs per request", "requests/s"],
            [
                ["off", Format(WebPredictBench.Median(micros[0]), "0.00"), Format(WebPredictBench.Median(rates[0]), "0")],
                ["on", Format(WebPredictBench.Median(micros[1]), "0.00"), Format(WebPredictBench.Median(rates[1]), "0")],
                ["on / off, median of rounds", Format(WebPredictBench.Median(ratios), "0.000"), ""],
                ["on / off, quartiles", $"{Format(ratios[ratios.Length / 4], "0.000")}–{Format(ratios[3 * ratios.Length / 4], "0.000")}", ""],
            ],
            $"{rounds} rounds of {Format(Seconds, "0")} s each, pairs in changing order."));
    }
}
