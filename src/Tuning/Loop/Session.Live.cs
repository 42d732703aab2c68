using System.Globalization;
using Fettle.Tuning.Actions;
using Fettle.Tuning.Answers;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Loop;

/// <summary>
/// The loop on one running instance of which no copy can be made. An action that is done and undone within two seconds is toggled: every round
/// loads the instance without it and with it, in random order. Any other is compared in two blocks, and has to show twice the effect.
/// </summary>
internal sealed partial class Session
{
    async Task AttachAsync(CancellationToken cancellation)
    {
        Say("prepare", $"attaching to {_target.Url}");
        _reference = _candidate = await _start("A", _target.Database, false, _journal, cancellation);

        // What is on already is part of the state before.
        _switches = [.. (await A.Client.SwitchesAsync(cancellation)).Where(s => !s.On)];
    }

    /// <summary>The actions are applied when it returns, whatever it found.</summary>
    async Task<ComparisonResult> CompareLiveAsync(
        IReadOnlyList<TuningAction> actions, TimeSpan cost, RoundShape shape, RoundPlan plan, Judge judge, int seed, TimeSpan limit, Action<int> tell, CancellationToken cancellation)
    {
        var applied = true;
        async Task BringAsync(bool wanted, CancellationToken stop)
        {
            if (wanted == applied)
            {
                return;
            }

            foreach (var action in wanted ? actions : actions.Reverse())
            {
                await (wanted ? _runner.ApplyAsync(action, B, stop) : _runner.UndoAsync(action, B));
            }

            applied = wanted;
        }

        ComparisonResult result;
        if (cost < _options.MostToggle)
        {
            result = await new Comparison(_prober!, _time, seed) { Bring = BringAsync }.RunAsync(A, B, shape, plan.Maximum, judge, limit, tell, cancellation);
        }
        else if (_target.Control is { } control)
        {
            tell(1);
            var negligible = Math.Log(1 + _options.LeastGainPercent / 100);
            result = await new BlockComparison(_prober!, _time, seed, control).RunAsync(A, shape, plan.Maximum, _options.Alpha, _floor, negligible, BringAsync, limit, cancellation);
        }
        else
        {
            throw new TuningException(string.Create(CultureInfo.InvariantCulture, $"doing and undoing it takes {cost.TotalSeconds:0.0} s, too long to toggle, and there is no control request: name under control a path that no action touches"));
        }

        await BringAsync(true, cancellation);
        return result;
    }

    /// <summary>All kept actions together against the state that the run found. What is not better as a whole is taken back.</summary>
    async Task VerifyLiveTotalAsync(CancellationToken cancellation)
    {
        var kept = _outcomes.Where(o => o.Kept).ToArray();
        Say("total", $"{kept.Length} actions together");
        var shape = _pace.Shape(_baselineCapacity, _users);
        var plan = _pace.Plan(_options.Alpha);
        var judge = new Judge(plan, _baselineFloor, Math.Log(1 + _options.LeastGainPercent / 100), _options.Seed + 2);
        var cost = TimeSpan.FromSeconds(kept.Sum(o => o.ToggleSeconds));
        void Tell(int round) => Say("total", string.Create(CultureInfo.InvariantCulture, $"round {round} at {shape.Rate:0.#} requests/s"));
        _total = await CompareLiveAsync([.. kept.Select(o => o.Action)], cost, shape, plan, judge, _options.Seed + 99, Left, Tell, cancellation);
        _totalAnswers = await CompareAnswersAsync(B, Tolerance, cancellation);
        Say("total", _totalAnswers.Different > 0 ? AnswersChanged(_totalAnswers) : $"{Judgement.Word(_total.Judgement!.Decision)}: {_total.Judgement.Reason}", finished: true);
        if (_options.DryRun || End != TuningEnd.Improved)
        {
            foreach (var outcome in kept.Reverse())
            {
                await _runner.UndoAsync(outcome.Action, B);
            }

            Say("apply", _options.DryRun ? "dry run: everything taken back" : "everything taken back", finished: true);
        }
    }
}
