using System.Globalization;
using Fettle.Tuning.Actions;
using Fettle.Tuning.Answers;
using Fettle.Tuning.Journal;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Loop;

/// <summary>Step 4 and 5 of the loop: one action after another, then pruning.</summary>
internal sealed partial class Session
{
    /// <summary>Share of the whole budget that the final comparison gets at least.</summary>
    const double FinalShare = 0.12;

    /// <summary>Predicted share of the database's work from which an index is tried alone.</summary>
    const double LargeIndex = 0.2;

    /// <summary>Fair shares of the time left that one action may take.</summary>
    const double MostShares = 3;

    /// <summary>Share of the candidate's capacity at which the reference counts as equally warm.</summary>
    const double CaughtUp = 0.8;

    /// <summary>Closed loads after which a reference that is still behind is taken as it is.</summary>
    const int MostCatchUpSteps = 20;

    /// <summary>Time kept back for the final comparison: its rounds are as slow as those of the first A/A run.</summary>
    TimeSpan Reserve => TimeSpan.FromSeconds(Math.Max(FinalShare * _options.EffectiveBudget.TotalSeconds, (_pace.FirstLook + 2) * _baselineRoundSeconds));

    /// <summary>A quick run has no time for restarts, and a service that Fettle did not start cannot be started anew.</summary>
    IReadOnlyList<Targets.LaunchSetting> LaunchSettings => _target.Live || (_options.Quick && !_target.Foreign) ? [] : _target.LaunchSettings;

    async Task TryActionsAsync(CancellationToken cancellation)
    {
        Say("advise", $"from {_queries.Count} recorded statements and {_switches.Count} switches");
        var phases = await Targets.AnswerPhases.MeasureAsync(A.Url, _book!.Requests, _switches, cancellation);
        var proposals = await ActionSource.ProposeAsync(A, _queries, _switches, phases, LaunchSettings, _options.Quick ? double.PositiveInfinity : LargeIndex, cancellation);
        Say("advise", $"{proposals.Count} actions proposed", finished: true);
        var candidates = new List<TuningAction>();
        foreach (var action in proposals)
        {
            if (Refusal(action) is { } refusal)
            {
                _notTried.Add(new NotTried(action, refusal));
            }
            else
            {
                candidates.Add(action);
            }
        }

        for (var i = 0; i < candidates.Count; i++)
        {
            // Early actions run against a slow service and later ones against a fast one: one may take several fair shares.
            var share = (Left - Reserve) / Math.Max(1, (candidates.Count - i) / MostShares);
            if (Left < Reserve)
            {
                _notTried.Add(new NotTried(candidates[i], "the time budget was spent"));
                continue;
            }

            var outcome = await TryAsync(candidates[i], share, cancellation);
            _outcomes.Add(outcome);
            _journal.Append(new JournalEntry { Event = JournalEvent.Verdict, Action = outcome.Action.Id, Verdict = outcome.Word, Reason = outcome.Reason });
            Say(outcome.Action.Title, $"{outcome.Word}: {outcome.Reason}", finished: true);
        }
    }

    string? Refusal(TuningAction action)
    {
        if (_options.Mode == TuningMode.Advise)
        {
            return "advised only";
        }

        if (_options.Only.Count > 0 && !_options.Only.Any(word => action.Id.Contains(word, StringComparison.OrdinalIgnoreCase)))
        {
            return "not asked for (--only)";
        }

        if (_options.Allow.Contains(action.Id))
        {
            return null;
        }

        var refusal = action.Risk switch
        {
            "low" => null,
            "medium" => _options.HighestRisk == "medium" ? null : "its risk is medium; --risk medium allows it",
            _ => _options.Ask is null ? $"its risk is {action.Risk}; --allow {action.Id} allows it" : Ask(action, Where),
        };
        if (refusal is not null || action.Risk == "high")
        {
            return refusal;
        }

        // On copies nothing of the user's is touched until the end; a running service is the user's own.
        return _target.Live && _options.Trust < Config.Trust.Auto ? Ask(action, Where) : null;
    }

    string Where => _target.Live ? $"the running service and {_target.Database}" : "a copy";

    /// <summary>Null for a yes, else why not.</summary>
    string? Ask(TuningAction action, string where)
    {
        if (_options.Ask is not { } ask)
        {
            return $"it needs a yes and there is nobody to ask; --yes or --allow {action.Id} gives it";
        }

        return ask(new TuningQuestion(action.Id, action.Title, action.Risk, where, action.Do)) ? null : "declined";
    }

    async Task<ActionOutcome> TryAsync(TuningAction action, TimeSpan share, CancellationToken cancellation)
    {
        var begin = _time.GetTimestamp();
        var cost = TimeSpan.Zero;
        ActionOutcome Ended(Decision decision, string reason, ComparisonResult? comparison = null, AnswerReport? answers = null) => new()
        {
            Action = action,
            Decision = decision,
            Reason = reason,
            Comparison = comparison,
            Answers = answers,
            Seconds = _time.GetElapsedTime(begin).TotalSeconds,
            ToggleSeconds = cost.TotalSeconds,
        };

        Say(action.Title, "applying and rehearsing the undo");
        try
        {
            cost = await _runner.RehearseAsync(action, B, () => FingerprintAsync(B, cancellation), cancellation);
        }
        catch (TuningException e)
        {
            await _runner.UndoAsync(action, B);
            return Ended(Decision.RolledBack, e.Message);
        }

        try
        {
            await CheckHealthAsync(B, cancellation);
            Say(action.Title, "comparing answers");
            var answers = await CompareAnswersAsync(B, Math.Max(action.Tolerance, Tolerance), cancellation);
            if (answers.Different > 0)
            {
                await _runner.UndoAsync(action, B);
                return Ended(Decision.RolledBack, AnswersChanged(answers), null, answers);
            }

            await WarmAsync(cancellation, action.NeedsWarmup ? 2 : 1);
            var shape = _pace.Shape(_referenceCapacity, _users);
            var plan = _pace.Plan(_options.Alpha);
            var judge = new Judge(plan, _floor, Math.Log(1 + _options.LeastGainPercent / 100), _options.Seed);
            var seed = _options.Seed * 1_000_003 + _outcomes.Count * 104_729;
            var limit = share - _time.GetElapsedTime(begin);
            void Tell(int round) => Say(action.Title, string.Create(CultureInfo.InvariantCulture, $"round {round} of at most {plan.Maximum} at {shape.Rate:0.#} requests/s"));
            var comparison = _target.Live
                ? await CompareLiveAsync([action], cost, shape, plan, judge, seed, limit, Tell, cancellation)
                : await new Comparison(_prober!, _time, seed).RunAsync(A, B, shape, plan.Maximum, judge, limit, Tell, cancellation);
            var judgement = comparison.Judgement!;

            // A cache gives its wrong answers only when it is full: the answers are compared again after the load.
            var after = await CompareAnswersAsync(B, Math.Max(action.Tolerance, Tolerance), cancellation);
            answers = answers.And(after);
            if (after.Different > 0)
            {
                await _runner.UndoAsync(action, B);
                return Ended(Decision.RolledBack, AnswersChanged(after), comparison, answers);
            }

            if (judgement.Decision != Decision.Kept)
            {
                await _runner.UndoAsync(action, B);
                return Ended(judgement.Decision, judgement.Reason, comparison, answers);
            }

            var replayed = await CompareWritesAsync([.. KeptActions, action], cancellation);
            answers = answers.And(replayed);
            if (replayed.Different > 0)
            {
                await _runner.UndoAsync(action, B);
                return Ended(Decision.RolledBack, $"with requests that change data, {AnswersChanged(replayed)}", comparison, answers);
            }

            if (!_target.Live)
            {
                await _runner.ApplyAsync(action, A, cancellation);
            }

            _referenceCapacity = comparison.Candidate.Capacity;
            if (action.NeedsWarmup)
            {
                await CatchUpAsync(cancellation);
            }

            if (_referenceCapacity > NewState * _calibratedCapacity || NewState * _referenceCapacity < _calibratedCapacity)
            {
                await WarmAsync(cancellation);
                await MeasureNoiseAsync(RecalibrationShare, cancellation);
            }

            return Ended(Decision.Kept, judgement.Reason, comparison, answers);
        }
        catch (TuningException e)
        {
            // No answer at all is the worst of wrong answers.
            await _runner.UndoAsync(action, B);
            return Ended(Decision.RolledBack, e.Message);
        }
    }

    /// <summary>What B has in memory by now, A has to fill first: A is loaded until it answers nearly as much as B did, or has had its chances.</summary>
    async Task CatchUpAsync(CancellationToken cancellation)
    {
        Say("warm-up", "the reference catches up");
        for (var step = 0; step < MostCatchUpSteps; step++)
        {
            if (await _prober!.CapacityAsync(A, _users, _pace.Closed, _options.Seed + step, cancellation) > CaughtUp * _referenceCapacity)
            {
                return;
            }
        }
    }

    async Task CheckHealthAsync(Targets.ServiceInstance instance, CancellationToken cancellation)
    {
        if (_target.Launch is { } launch && await instance.Client.StatusAsync(launch.ReadyPath, cancellation) is var status && status is not (>= 200 and < 300 or 404))
        {
            throw new TuningException($"{launch.ReadyPath} answers {status} with the action applied");
        }
    }

    /// <summary>Takes kept actions away one by one; what is not missed is not kept. The last action is known to help beside all others.</summary>
    async Task PruneAsync(CancellationToken cancellation)
    {
        var kept = _outcomes.Where(o => o.Kept).ToArray();
        if (_options.Quick || kept.Length < 2)
        {
            return;
        }

        // The newest first: they are compared against a fast service. What does not fit into the time stays unquestioned.
        foreach (var outcome in kept[..^1].Reverse())
        {
            if (Left - Reserve < TimeSpan.FromSeconds(outcome.Seconds))
            {
                continue;
            }

            // The roles are turned: A lacks the action, B has it. When B is not better, the action is not missed.
            Say($"without {outcome.Action.Title}", "is it still needed?");
            await _runner.UndoAsync(outcome.Action, A);
            await WarmAsync(cancellation);
            var plan = _pace.Plan(_options.Alpha);
            var judge = new Judge(plan, _floor, Math.Log(1 + _options.LeastGainPercent / 100), _options.Seed + 1);
            var comparison = await new Comparison(_prober!, _time, _options.Seed + 77).RunAsync(
                A, B, _pace.Shape(_referenceCapacity, _users), plan.Maximum, judge, (Left - Reserve) / kept.Length, _ => { }, cancellation);
            if (comparison.Judgement is { Decision: Decision.RolledBack } idle)
            {
                await _runner.UndoAsync(outcome.Action, B);
                _outcomes[_outcomes.IndexOf(outcome)] = outcome with { Pruned = idle.Reason };
                Say($"without {outcome.Action.Title}", $"pruned: beside the others {idle.Reason}", finished: true);
            }
            else
            {
                await _runner.ApplyAsync(outcome.Action, A, cancellation);
                Say($"without {outcome.Action.Title}", $"stays: {comparison.Judgement!.Reason}", finished: true);
            }
        }
    }

    async Task<string> FingerprintAsync(Targets.ServiceInstance instance, CancellationToken cancellation)
    {
        var schema = instance.Database is { } database ? await Targets.TunedDatabase.SchemaAsync(database, cancellation) : [];
        var switches = await instance.Client.SwitchesAsync(cancellation);
        return string.Join('\n', schema.Where(line => !Targets.TunedDatabase.IsStatistics(line)).Concat(instance.Settings.Select(s => $"launch {s}")).Concat(switches.OrderBy(s => s.Name, StringComparer.Ordinal).Select(s => $"{s.Name}={s.On}")));
    }

    static string AnswersChanged(AnswerReport report) =>
        $"{report.Different} of {report.Compared} answers changed, first {report.Examples[0]}";
}
