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
    (ServiceCounters Before, ServiceCounters After)? _counted;
    string? _applied;
    (double Rate, LoadTesting.LoadResult Load, ServiceCounters Counted)? _sustained;
    string? _launchFile;
    readonly List<string> _declined = [];

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
        var counters = (Before: await A.Client.CountersAsync(cancellation), After: await B.Client.CountersAsync(cancellation));
        _total = await new Comparison(_prober!, _time, _options.Seed + 99).RunAsync(
            A, B, shape, plan.Maximum, judge, Left, round => Say("total", $"round {round} at {shape.Rate.ToString("0.#", CultureInfo.InvariantCulture)} requests/s"), cancellation);
        _counted = ((await A.Client.CountersAsync(cancellation)).Since(counters.Before), (await B.Client.CountersAsync(cancellation)).Since(counters.After));
        await SustainAsync(cancellation);
        var second = await CompareAnswersAsync(B, Tolerance, cancellation);
        _totalAnswers = first.And(second).And(await CompareWritesAsync([.. KeptActions], cancellation));
        Say("total", _totalAnswers.Different > 0 ? AnswersChanged(_totalAnswers) : $"{Judgement.Word(_total.Judgement!.Decision)}: {_total.Judgement.Reason}", finished: true);
    }

    /// <summary>What the tuned service does under a load that the untuned one could not even begin.</summary>
    async Task SustainAsync(CancellationToken cancellation)
    {
        if (_options.Quick || _target.SustainRate is not { } rate)
        {
            return;
        }

        Say("sustain", string.Create(CultureInfo.InvariantCulture, $"{rate:0} requests/s for {_options.SustainTime.TotalSeconds:0} s"));
        var before = await B.Client.CountersAsync(cancellation);
        var load = await _prober!.SustainAsync(B, rate, _options.SustainTime, _options.Seed + 21, cancellation);
        _sustained = (rate, load, (await B.Client.CountersAsync(cancellation)).Since(before));
        Say("sustain", string.Create(CultureInfo.InvariantCulture, $"p95 {load.Latency.MillisecondsAt(95):0.0} ms, {load.Failed} of {load.Requests} failed at {rate:0} requests/s"), finished: true);
    }

    /// <summary>How far answers may be from the baseline's with what is kept so far: the loosest of the kept actions.</summary>
    double Tolerance => _outcomes.Where(o => o.Kept).Select(o => o.Action.Tolerance).DefaultIfEmpty(0).Max();

    /// <summary>What was kept on the copies goes to the user's database, each action journalled first; the switches go to a file that <c>serve</c> reads.</summary>
    async Task ApplyToTargetAsync(CancellationToken cancellation)
    {
        var kept = _outcomes.Where(o => o.Kept).Select(o => o.Action).Where(Agreed).ToArray();
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
            _applied = Path.GetFullPath(_options.SwitchesFile ?? Path.Combine(_options.StateFolder, "switches", _target.Name + ".json"));
            SwitchesFile.Write(_journal, _applied, switches);
        }

        var settings = kept.OfType<LaunchAction>().Select(a => a.Setting).ToArray();
        if (settings.Length > 0)
        {
            _launchFile = Path.GetFullPath(Path.Combine(_options.StateFolder, "launch", _target.Name + ".env"));
            LaunchFile.Write(_journal, _launchFile, settings);
        }

        Say("apply", $"{kept.OfType<StatementAction>().Count()} database actions, {switches.Length} switches and {settings.Length} launch settings applied; 'fettle rollback' takes them back", finished: true);
    }

    /// <summary>What was tried on copies is the user's to accept; a high-risk action is asked about again whatever the trust.</summary>
    bool Agreed(TuningAction action)
    {
        var needed = _options.Trust < Config.Trust.Auto || (action.Risk == "high" && _options.Ask is not null);
        var refusal = needed && !_options.Allow.Contains(action.Id) ? Ask(action, _target.Database?.ToString() ?? _target.Name) : null;
        if (refusal is not null)
        {
            _declined.Add($"{action.Title}: {refusal}");
            Say(action.Title, $"kept on the copies, not applied: {refusal}", finished: true);
        }

        return refusal is null;
    }
}
