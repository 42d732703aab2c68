using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.Bench.Rivals;
using Fettle.LoadTesting;
using Fettle.Shared.Results;
using Fettle.Tuning.Targets;
using Fettle.Tuning.Verification;

namespace Fettle.Bench.Micro.Tuning;

/// <summary>Live loops with an action that does nothing: two nginx processes, a new pair each loop.</summary>
internal sealed class LiveIdleBench : IBenchmark
{
    const int Loops = 20;

    public string Name => "tuning-live-idle";

    public string Summary => "20 live loops of an action that does nothing, against two nginx processes";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        // Shorter rounds than a quick run's: twenty loops shall not hold a machine for minutes, and short rounds are the noisier ones.
        var pace = Pace.Quick with { LeastOpen = TimeSpan.FromSeconds(0.1), Closed = TimeSpan.FromSeconds(0.1), WarmUp = TimeSpan.FromSeconds(0.1) };
        var users = 2 * Environment.ProcessorCount;
        var rows = new List<string[]>();
        var data = new JsonArray();
        for (var loop = 1; loop <= Loops; loop++)
        {
            using var first = new LoadTarget();
            using var second = new LoadTarget();
            await first.ReadyAsync();
            await second.ReadyAsync();
            await using var a = new ServiceInstance("A", new Uri(first.Url), null, null, null);
            await using var b = new ServiceInstance("B", new Uri(second.Url), null, null, null);
            var prober = new Prober(_ => new RequestCycle([LoadRequest.Get("/", "root")]), []);
            await prober.WarmAsync(a, users, pace.WarmUp, loop, CancellationToken.None);
            await prober.WarmAsync(b, users, pace.WarmUp, loop, CancellationToken.None);
            var shape = pace.Shape(await prober.CapacityAsync(a, users, TimeSpan.FromSeconds(0.2), loop, CancellationToken.None), users);
            var aa = await new Comparison(prober, TimeProvider.System, loop).RunAsync(a, b, shape, pace.CalibrationRounds, null, TimeSpan.MaxValue, _ => { }, CancellationToken.None);
            var judge = new Judge(pace.Plan(0.01), NoiseFloor.From(aa.Samples, loop), Math.Log(1.03), loop);
            var trial = await new Comparison(prober, TimeProvider.System, loop + 1000).RunAsync(a, b, shape, pace.MostRounds, judge, TimeSpan.MaxValue, _ => { }, CancellationToken.None);
            var judgement = trial.Judgement!;
            var most = judgement.Effects.Values.Max(e => Math.Abs(e.Estimate));
            rows.Add([$"{loop}", Judgement.Word(judgement.Decision), $"{trial.Rounds.Count}", (Math.Exp(most) - 1).ToString("0.0%", CultureInfo.InvariantCulture)]);
            data.Add(new JsonObject { ["loop"] = loop, ["verdict"] = Judgement.Word(judgement.Decision), ["rounds"] = trial.Rounds.Count, ["largestEffect"] = Math.Round(Math.Exp(most) - 1, 4), ["reason"] = judgement.Reason });
        }

        result.Settings["loops"] = Loops;
        result.Tables.Add(new ResultTable("Live loops of an idle action", ["loop", "verdict", "rounds", "largest effect"], rows, $"{rows.Count(r => r[1] == "kept")} of {Loops} kept."));
        result.Data["loops"] = data;
    }
}
