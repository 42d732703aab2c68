using System.Text.Json.Nodes;
using Fettle.LoadTesting;
using Fettle.Shared.Results;
using Fettle.Tuning.Answers;
using Fettle.Tuning.Targets;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Reports;

/// <summary>Turns what was measured into the JSON that reports are rendered from: every figure of a report stands here.</summary>
internal static class TrialJson
{
    public static JsonObject Of(ComparisonResult comparison) => new()
    {
        ["ratePerSecond"] = Round(comparison.Shape.Rate),
        ["users"] = comparison.Shape.Users,
        ["openSeconds"] = Round(comparison.Shape.Open.TotalSeconds),
        ["closedSeconds"] = Round(comparison.Shape.Closed.TotalSeconds),
        ["generatorLimited"] = comparison.GeneratorLimited,
        ["before"] = Of(comparison.Reference),
        ["after"] = Of(comparison.Candidate),
        ["effects"] = Effects(comparison),
        ["errors"] = comparison.Judgement is null ? null : Errors(PooledEffects.Failures(comparison.Rounds)),
        ["rounds"] = new JsonArray([.. comparison.Rounds.Select(r => new JsonObject { ["first"] = r.CandidateFirst ? "after" : "before", ["before"] = Of(r.Reference), ["after"] = Of(r.Candidate) })]),
    };

    public static JsonObject Of(SideTotals side) => new()
    {
        ["requests"] = side.Requests,
        ["failed"] = side.Failed,
        ["p50Ms"] = Round(side.P50),
        ["p95Ms"] = Round(side.P95),
        ["p99Ms"] = side.P99 is { } p99 ? Round(p99) : null,
        ["capacityPerSecond"] = Round(side.Capacity),
        ["cpuMsPerRequest"] = side.CpuMs is { } cpu ? Round(cpu) : null,
        ["bytesPerRequest"] = Math.Round(side.BytesPerRequest),
    };

    /// <summary>What the service counted while the total was measured, per request of both loads.</summary>
    public static JsonObject Of(ServiceCounters counted, SideTotals side)
    {
        double? Each(double? sum) => sum is { } s && side.AllRequests > 0 ? Round(s / side.AllRequests) : null;
        var caches = new JsonObject();
        foreach (var (category, (hits, lookups)) in counted.Caches.OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            caches[category] = new JsonObject { ["hits"] = hits, ["lookups"] = lookups };
        }

        return new JsonObject
        {
            ["requests"] = side.AllRequests,
            ["queriesPerRequest"] = Each(counted.Queries),
            ["databaseMsPerRequest"] = Each(counted.QueryMs),
            ["connectionMsPerRequest"] = Each(1000 * counted.PoolSeconds),
            ["caches"] = caches,
        };
    }

    /// <summary>Every golden request with the digest of its answer, noise left out: what a later verification compares.</summary>
    public static JsonObject Answers(AnswerBook book)
    {
        var digests = new JsonObject();
        foreach (var (request, digest) in book.Digests())
        {
            digests[request] = digest;
        }

        return digests;
    }

    public static JsonObject? Of(AnswerReport? answers) => answers is null ? null : new JsonObject
    {
        ["compared"] = answers.Compared,
        ["different"] = answers.Different,
        ["examples"] = Strings(answers.Examples),
    };

    public static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);

    public static ResultHistogram Of(LatencyHistogram histogram)
    {
        var buckets = histogram.Buckets().ToArray();
        return new ResultHistogram("ms", [.. buckets.Select(b => b.UpperMilliseconds)], [.. buckets.Select(b => b.Count)]);
    }

    /// <summary>Six significant digits: factors computed from them agree with the tables.</summary>
    public static double Round(double value)
    {
        if (value == 0 || !double.IsFinite(value))
        {
            return 0;
        }

        var digits = 5 - (int)Math.Floor(Math.Log10(Math.Abs(value)));
        return digits is >= 0 and <= 15 ? Math.Round(value, digits) : Math.Round(value);
    }

    static JsonObject Of(SideRound round) => new()
    {
        ["requests"] = round.Requests,
        ["failed"] = round.Failed,
        ["p50Ms"] = Round(round.Latency.MillisecondsAt(50)),
        ["p95Ms"] = Round(round.Latency.MillisecondsAt(95)),
        ["capacityPerSecond"] = Round(round.Capacity),
        ["cpuMsPerRequest"] = double.IsFinite(round.CpuMs) ? Round(round.CpuMs) : null,
    };

    static JsonObject Effects(ComparisonResult comparison)
    {
        var effects = new JsonObject();
        if (comparison.Judgement is not { } judgement)
        {
            return effects;
        }

        foreach (var (metric, effect) in judgement.Effects)
        {
            effects[metric.Name()] = new JsonObject
            {
                ["factor"] = Round(effect.Factor),
                ["lower"] = Round(effect.LowerFactor),
                ["upper"] = Round(Math.Min(effect.UpperFactor, 1e9)),
                ["rounds"] = effect.Rounds,
                ["mannWhitneyP"] = Round(judgement.MannWhitneyP.GetValueOrDefault(metric, 1)),
            };
        }

        if (PooledEffects.P99(comparison.Rounds) is { } p99)
        {
            effects["p99"] = new JsonObject { ["factor"] = Round(p99.Estimate), ["lower"] = Round(p99.Lower), ["upper"] = Round(p99.Upper), ["rounds"] = p99.Rounds };
        }

        return effects;
    }

    /// <summary>Shares of failed requests in per cent, their difference in percentage points.</summary>
    static JsonObject Errors(PooledEffect errors) => new()
    {
        ["beforePercent"] = Round(100 * errors.Before),
        ["afterPercent"] = Round(100 * errors.After),
        ["lower"] = Round(100 * errors.Lower),
        ["upper"] = Round(100 * errors.Upper),
        ["rounds"] = errors.Rounds,
    };
}
