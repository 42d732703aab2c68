using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.Shared.Results;
using Fettle.Tuning.Tests.Verification;

namespace Fettle.Bench.Micro.Tuning;

/// <summary>
/// Whole loops on made-up machines: how often an action that does nothing is kept, and one that gains 10 %. No clock is read, so another machine gives the
/// same counts.
/// </summary>
internal sealed class FalsePositivesBench : IBenchmark
{
    const int Loops = 200;

    public string Name => "tuning-false-positives";

    public string Summary => "verdicts of 200 synthetic loops per machine: an idle action, and a true gain of 10 %";

    public Task RunAsync(ResultDocument result, string[] arguments)
    {
        var seed = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 1;
        result.Settings["loops"] = Loops;
        result.Settings["seed"] = seed;
        result.Settings["alpha"] = 0.01;
        var rows = new List<string[]>();
        var data = new JsonArray();
        foreach (var (gain, what) in new[] { (1.0, "nothing"), (1.1, "10 % better"), (0.9, "11 % worse") })
        {
            foreach (var noise in SyntheticNoise.All)
            {
                var (kept, rolledBack, inconclusive, rounds) = SyntheticLoops.Count(noise, gain, Loops, seed);
                rows.Add([what, noise.Name, $"{kept}", $"{rolledBack}", $"{inconclusive}", rounds.ToString("0.0", CultureInfo.InvariantCulture)]);
                data.Add(new JsonObject { ["gain"] = gain, ["machine"] = noise.Name, ["kept"] = kept, ["rolledBack"] = rolledBack, ["inconclusive"] = inconclusive, ["meanRounds"] = Math.Round(rounds, 2) });
            }
        }

        result.Tables.Add(new ResultTable($"{Loops} loops each, error level 1 %", ["the action is", "machine", "kept", "rolled back", "inconclusive", "rounds"], rows, "Scatter is of one round and side. An idle action should be kept in none or a few; a worse one never."));
        result.Data["counts"] = data;
        return Task.CompletedTask;
    }
}
