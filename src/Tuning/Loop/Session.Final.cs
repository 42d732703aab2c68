using System.Globalization;
using Fettle.Tuning.Actions;
using Fettle.Tuning.Answers;
using Fettle.Tuning.Targets;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Loop;

/// <summary>Steps 6 and 7 of the loop: the total against an untouched baseline, then the user's database.</summary>
internal sealed partial class Session
{
    ComparisonResult? _total;
    AnswerReport? _totalAnswers;
    string? _applied;

    TuningEnd End
    {
        get
        {
            if (_options.Mode != TuningMode.Tune)
            {
                return TuningEnd.Improved;
            }

            if (_total is null || _totalAnswers is not { Different: 0 })
            {
                return _outcomes.Count > 0 && _outcomes.All(o => o.Decision == Decision.Inconclusive) ? TuningEnd.Undecided : TuningEnd.NoneKept;
            }

            return _total.Judgement!.Decision switch
            {
                Decision.Kept => TuningEnd.Improved,
                Decision.RolledBack => TuningEnd.NoneKept,
                _ => TuningEnd.Undecided,
            };
        }
    }

    async Task VerifyTotalAsync(CancellationToken cancellation)
    {
        Say("total", "a fresh baseline on an untouched copy");
        await A.DisposeAsync();
        _reference = null;
        if (_copies.Count > 0)
        {
            await TunedDatabase.DropCopyAsync(_copies[0]);
            _copies.RemoveAt(0);
        }

        _reference = await StartOnCopyAsync("A", "a", cancellation);
        foreach (var on in (await A.Client.SwitchesAsync(cancellation)).Where(s => s.On))
        {
            await A.Client.SetSwitchAsync(on.Name, false, cancellation);
        }

        var first = await CompareAnswersAsync(B, Tolerance, cancellation);
        await WarmAsync(cancellation, 2);
        var plan = _pace.Plan(_options.Alpha);
        var judge = new Judge(plan, _baselineFloor, Math.Log(1 + _options.LeastGainPercent / 100), _options.Seed + 2);

        // At the baseline's pace, where its latencies mean something; the noise is the baseline's too.
        var shape = _pace.Shape(_baselineCapacity, _users);
        shape = shape with { Open = _pace.TotalFactor * shape.Open };
        _total = await new Comparison(_prober!, _time, _options.Seed + 99).RunAsync(
            A, B, shape, plan.Maximum, judge, Left, round => Say("total", $"round {round} at {shape.Rate.ToString("0.#", CultureInfo.InvariantCulture)} requests/s"), cancellation);
        var second = await CompareAnswersAsync(B, Tolerance, cancellation);
        _totalAnswers = new AnswerReport(first.Compared + second.Compared, first.Different + second.Different, [.. first.Examples, .. second.Examples]);
        Say("total", _totalAnswers.Different > 0 ? AnswersChanged(_totalAnswers) : $"{Judgement.Word(_total.Judgement!.Decision)}: {_total.Judgement.Reason}", finished: true);
    }

    double Tolerance => _outcomes.Where(o => o.Kept).Select(o => o.Action.Tolerance).DefaultIfEmpty(0).Max();

    /// <summary>What was kept on the copies goes to the user's database, each action journalled first; the switches go to a file that <c>serve</c> reads.</summary>
    async Task ApplyToTargetAsync(CancellationToken cancellation)
    {
        var kept = _outcomes.Where(o => o.Kept).Select(o => o.Action).ToArray();
        if (_target.Database is { } database)
        {
            await using var user = new ServiceInstance("target", new Uri("http://127.0.0.1:1"), null, database, null);
            foreach (var action in kept.OfType<StatementAction>())
            {
                Say("apply", $"{action.Title} on {database}");
                await _runner.ApplyAsync(action, user, cancellation);
            }
        }

        var switches = kept.OfType<SwitchAction>().Select(a => a.Switch).ToArray();
        if (switches.Length > 0)
        {
            var path = _options.SwitchesFile ?? Path.Combine(_options.StateFolder, "switches", _target.Name + ".json");
            SwitchesFile.Write(_journal, path, switches);
            _applied = Path.GetFullPath(path);
        }

        Say("apply", $"{kept.OfType<StatementAction>().Count()} database actions and {switches.Length} switches applied; 'fettle rollback' takes them back", finished: true);
    }
}
