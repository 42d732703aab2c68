using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.LoadTesting;
using Fettle.Shared.Results;
using Fettle.Tuning.Targets;
using Fettle.Tuning.Verification;

namespace Fettle.Bench.Micro.Tuning;

/// <summary>How a live loop ended.</summary>
/// <param name="Judgement">The verdict.</param>
/// <param name="Rounds">Rounds until then.</param>
internal sealed record LiveEnd(Judgement Judgement, int Rounds)
{
    /// <summary>The effect farthest from none, as a factor above 1.</summary>
    public double Largest => Math.Exp(Judgement.Effects.Values.Select(e => Math.Abs(e.Estimate)).DefaultIfEmpty(0).Max());
}

/// <summary>A whole loop on two live services: warm-up, capacity, A/A run, noise floor, rounds in random order until the verdict.</summary>
internal static class LiveLoop
{
    /// <param name="reference">The state before.</param>
    /// <param name="same">Its equal for the A/A run.</param>
    /// <param name="candidate">The state with the action.</param>
    /// <param name="path">What is asked for.</param>
    /// <param name="pace">Lengths.</param>
    /// <param name="seed">Seed of everything.</param>
    public static async Task<LiveEnd> RunAsync(Uri reference, Uri same, Uri candidate, string path, Pace pace, int seed)
    {
        var users = 2 * Environment.ProcessorCount;
        await using var a = new ServiceInstance("A", reference, null, null, null);
        await using var twin = new ServiceInstance("A", same, null, null, null);
        await using var b = new ServiceInstance("B", candidate, null, null, null);
        var prober = new Prober(_ => new RequestCycle([LoadRequest.Get(path, "request")]), []);
        foreach (var instance in new[] { a, twin, b })
        {
            await prober.WarmAsync(instance, users, pace.WarmUp, seed, CancellationToken.None);
        }

        var shape = pace.Shape(await prober.CapacityAsync(a, users, pace.CapacityStep, seed, CancellationToken.None), users);
        var aa = await new Comparison(prober, TimeProvider.System, seed).RunAsync(a, twin, shape, pace.CalibrationRounds, null, TimeSpan.MaxValue, _ => { }, CancellationToken.None);
        var judge = new Judge(pace.Plan(0.01), NoiseFloor.From(aa.Samples, seed), Math.Log(1.03), seed);
        var trial = await new Comparison(prober, TimeProvider.System, seed + 1000).RunAsync(a, b, shape, pace.MostRounds, judge, TimeSpan.MaxValue, _ => { }, CancellationToken.None);
        return new LiveEnd(trial.Judgement!, trial.Rounds.Count);
    }

    /// <summary>One row for each loop and how many ended in which way.</summary>
    public static void Report(ResultDocument result, string title, IReadOnlyList<LiveEnd> ends)
    {
        string Word(LiveEnd end) => Judgement.Word(end.Judgement.Decision);
        string Count(string word) => string.Create(CultureInfo.InvariantCulture, $"{ends.Count(e => Word(e) == word)} {word}");
        result.Settings["loops"] = ends.Count;
        result.Tables.Add(new ResultTable(
            title, ["loop", "verdict", "rounds", "largest effect"],
            [.. ends.Select((e, i) => new[] { $"{i + 1}", Word(e), $"{e.Rounds}", (e.Largest - 1).ToString("0.0%", CultureInfo.InvariantCulture) })],
            $"{Count("kept")}, {Count("rolled back")}, {Count("inconclusive")} of {ends.Count}."));
        result.Data["loops"] = new JsonArray([.. ends.Select((e, i) => (JsonNode)new JsonObject
        {
            ["loop"] = i + 1, ["verdict"] = Word(e), ["rounds"] = e.Rounds, ["largestEffect"] = Math.Round(e.Largest - 1, 4), ["reason"] = e.Judgement.Reason,
        })]);
    }
}
