using System.Globalization;
using Fettle.LoadTesting;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>How punctual arrivals are: from the moment a request is due until the loop begins it and until its first byte is sent.</summary>
internal sealed class LoadTiming : IBenchmark
{
    static readonly double[] Rates = [100, 500, 1_000, 2_000, 5_000, 10_000];

    public string Name => "load-timing";

    public string Summary => "Arrival timing error of the open model at rising rates, even and Poisson";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var seconds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 5;
        using var target = new LoadTarget();
        await target.ReadyAsync();
        var rows = new List<string[]>();
        foreach (var rate in Rates)
        {
            foreach (var (name, model) in new[] { ("even", LoadModel.Rate(rate)), ("Poisson", LoadModel.PoissonRate(rate)) })
            {
                var run = await new LoadGenerator().RunAsync(new LoadPlan
                {
                    BaseUrl = new Uri(target.Url),
                    Model = model,
                    Source = new RequestCycle([LoadRequest.Get("/")]),
                    WarmUp = TimeSpan.FromSeconds(1),
                    Duration = TimeSpan.FromSeconds(seconds),
                });
                var error = run.Generator.DispatchLag;
                rows.Add([$"{rate.ToString(CultureInfo.InvariantCulture)}/s {name}", Format(error.MillisecondsAt(50)), Format(error.MillisecondsAt(99)), Format(error.MillisecondsAt(99.9)), Format(error.MillisecondsAt(100)),
                    Format(run.SendLag.MillisecondsAt(99)), Format(100 * run.Generator.CpuSeconds / (seconds + 1)), run.Generator.Limited ? "yes" : "no"]);
                result.Histograms[$"arrival error {rate.ToString(CultureInfo.InvariantCulture)}/s {name}"] = error.ToResultHistogram();
            }
        }

        result.Tables.Add(new ResultTable("Arrival timing error, generator on one core, nginx on the other",
            ["load", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "send lag p99 ms", "loop, % of a core", "generator-limited"], rows,
            "Arrival error runs from the intended start until the loop begins the request; send lag until its first byte is sent, waiting for a connection included."));
    }

    static string Format(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
