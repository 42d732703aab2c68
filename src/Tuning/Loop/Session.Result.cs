using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.Shared.Results;
using Fettle.Tuning.Actions;
using Fettle.Tuning.Reports;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Loop;

/// <summary>The result document of the run.</summary>
internal sealed partial class Session
{
    readonly double? _loadBefore = RunEnvironment.LoadAverage();

    string WriteResult()
    {
        var result = new ResultDocument
        {
            Kind = "tune",
            Name = _target.Name,
            StartedAt = StartedAt,
            DurationSeconds = Math.Round(Elapsed.TotalSeconds, 1),
            Machine = RunEnvironment.Machine(),
            Source = RunEnvironment.Source(),
            Command = [.. _options.Command],
            Settings = Settings(),
            Noise = Noise(),
            Data = Data(),
        };
        Tables(result);
        foreach (var outcome in _outcomes)
        {
            result.Verdicts.Add(new ResultVerdict(outcome.Action.Id, outcome.Word, outcome.Pruned ?? outcome.Reason));
            Histograms(result, outcome.Action.Id, outcome.Comparison);
        }

        Histograms(result, "total", _total);
        if (_calibration is not null)
        {
            result.Histograms["baseline"] = TrialJson.Of(_calibration.Reference.Latency);
        }

        if (_total is not null)
        {
            result.Verdicts.Add(new ResultVerdict("total", _totalAnswers!.Different > 0 ? "answers changed" : Judgement.Word(_total.Judgement!.Decision), _total.Judgement!.Reason));
        }

        result.Save(Folder.Result);
        return result.ToJson();
    }

    JsonObject Settings() => new()
    {
        ["mode"] = _options.Mode.ToString().ToLowerInvariant(),
        ["quick"] = _options.Quick,
        ["seed"] = _options.Seed,
        ["alpha"] = _options.Alpha,
        ["leastGainPercent"] = _options.LeastGainPercent,
        ["budgetSeconds"] = Math.Round(_options.EffectiveBudget.TotalSeconds),
        ["dryRun"] = _options.DryRun,
        ["loadShare"] = Pace.LoadShare,
        ["users"] = _users,
        ["workload"] = _workload?.Description,
        ["database"] = _target.Database?.ToString(),
        ["url"] = _target.Url?.ToString(),
        ["trust"] = _options.Trust.ToString().ToLowerInvariant(),
        ["design"] = _target.Live ? "one live instance" : "two live instances",
    };

    JsonObject Noise()
    {
        var floor = new JsonObject();
        foreach (var (metric, gain) in _baselineFloor)
        {
            floor[metric.Name()] = TrialJson.Round(Math.Exp(gain));
        }

        return new JsonObject
        {
            ["loadAverageBefore"] = _loadBefore,
            ["loadAverageAfter"] = RunEnvironment.LoadAverage(),
            ["floorFactors"] = floor,
        };
    }

    JsonObject Data() => new()
    {
        ["run"] = Folder.Id,
        ["end"] = End.ToString(),
        ["baseline"] = _calibration is null ? null : TrialJson.Of(_calibration),
        ["baselineCapacityPerSecond"] = TrialJson.Round(_baselineCapacity),
        ["answersRecorded"] = _book?.Count ?? 0,
        ["answers"] = _book is null ? null : TrialJson.Answers(_book),
        ["answerNoise"] = TrialJson.Strings(_book?.Noise.Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>()),
        ["actions"] = new JsonArray([.. _outcomes.Select(Describe)]),
        ["notTried"] = new JsonArray([.. _notTried.Select(n => Describe(n.Action, n.Reason))]),
        ["total"] = _total is null ? null : TrialJson.Of(_total),
        ["totalAnswers"] = TrialJson.Of(_totalAnswers),
        ["counted"] = _counted is { } counted ? new JsonObject { ["before"] = TrialJson.Of(counted.Before, _total!.Reference), ["after"] = TrialJson.Of(counted.After, _total.Candidate) } : null,
        ["sustained"] = _sustained is { } sustained ? SustainTable.Json(sustained.Rate, sustained.Load, sustained.Counted) : null,
        ["answersLeftOut"] = TrialJson.Strings(_book?.LeftOut ?? []),
        ["changingRequests"] = _workload?.Writes.Count ?? 0,
        ["changingNoise"] = TrialJson.Strings(_writeBook?.Noise.Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>()),
        ["declined"] = TrialJson.Strings(_declined),
        ["launchFile"] = _launchFile,
        ["switchesFile"] = _applied,
        ["applied"] = _options is { Mode: TuningMode.Tune, DryRun: false } && End == TuningEnd.Improved,
        ["queries"] = new JsonArray([.. _queries.Take(20).Select(q => new JsonObject { ["sql"] = q.Sql, ["calls"] = q.Calls, ["totalMs"] = TrialJson.Round(q.TotalMs), ["p95Ms"] = TrialJson.Round(q.P95Ms) })]),
    };

    static JsonObject Describe(ActionOutcome outcome)
    {
        var json = Describe(outcome.Action, outcome.Pruned is null ? outcome.Reason : $"kept first ({outcome.Reason}), then pruned: beside the others {outcome.Pruned}");
        json["verdict"] = outcome.Word;
        json["seconds"] = Math.Round(outcome.Seconds, 1);
        json["answers"] = TrialJson.Of(outcome.Answers);
        json["trial"] = outcome.Comparison is null ? null : TrialJson.Of(outcome.Comparison);
        return json;
    }

    static JsonObject Describe(TuningAction action, string reason) => new()
    {
        ["id"] = action.Id,
        ["title"] = action.Title,
        ["layer"] = action.Layer,
        ["risk"] = action.Risk,
        ["why"] = action.Why,
        ["predictedGain"] = action.PredictedGain,
        ["do"] = TrialJson.Strings(action.Do),
        ["undo"] = TrialJson.Strings(action.Undo),
        ["evidence"] = (action as StatementAction)?.Evidence ?? "",
        ["tolerance"] = action.Tolerance > 0 ? action.Tolerance : null,
        ["reason"] = reason,
    };

    static void Histograms(ResultDocument result, string name, ComparisonResult? comparison)
    {
        if (comparison is not null)
        {
            result.Histograms[name + " before"] = TrialJson.Of(comparison.Reference.Latency);
            result.Histograms[name + " after"] = TrialJson.Of(comparison.Candidate.Latency);
        }
    }

    void Tables(ResultDocument result)
    {
        if (_total is { } total)
        {
            result.Tables.Add(TotalTable.Of(total, _baselineCapacity, _totalAnswers!, _counted));
        }
        else if (_calibration is { } calibration)
        {
            result.Tables.Add(TotalTable.Baseline(calibration));
        }

        if (_sustained is { } sustained)
        {
            result.Tables.Add(SustainTable.Of(sustained.Rate, sustained.Load, sustained.Counted));
        }

        if (_outcomes.Count > 0)
        {
            result.Tables.Add(ActionTable.Of(_outcomes));
        }

        if (EffectTable.Of(Trials(result)) is { } effects)
        {
            result.Tables.Add(effects);
        }

        if (_notTried.Count > 0)
        {
            result.Tables.Add(new ResultTable("Not tried", ["action", "predicted gain", "risk", "why not"], [.. _notTried.Select(n => new[] { n.Action.Title, n.Action.PredictedGain, n.Action.Risk, n.Reason })]));
        }
    }

    static IEnumerable<(string, JsonObject)> Trials(ResultDocument result) =>
        ((JsonArray)result.Data["actions"]!).Select(a => ((string)a!["title"]!, a["trial"] as JsonObject))
        .Append(("total", result.Data["total"] as JsonObject)).Where(t => t.Item2 is not null)!;
}
