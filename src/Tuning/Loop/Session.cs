using System.Globalization;
using System.Security.Cryptography;
using Fettle.Databases;
using Fettle.Tuning.Actions;
using Fettle.Tuning.Answers;
using Fettle.Tuning.Journal;
using Fettle.Tuning.Targets;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Loop;

/// <summary>Starts an instance of the target on a database; tests give their own.</summary>
internal delegate Task<ServiceInstance> InstanceStarter(string name, DatabaseAddress? database, bool scratch, TuningJournal journal, CancellationToken cancellation);

/// <summary>
/// One run of the loop.
/// 1. Two instances on two copies: A is the reference, B the candidate. All switches off.
/// 2. Golden answers twice on A; what differs is noise. B must agree.
/// 3. Capacity of A; A/A rounds give the noise floor. They are repeated when a kept action has changed the capacity much, because noise is relative.
/// 4. Action by action: apply to B with a rehearsed undo, compare answers, compare rounds, compare answers again after the load. Kept: A gets it too, so
///    that the next action is measured against the state before it. Else B goes back.
/// 5. Pruning: of what is kept, take away what no longer helps beside the others.
/// 6. A fresh A on an untouched copy against B: the total.
/// 7. The user's database and switches file get what is kept.
/// A service that Fettle cannot start has one instance, which is both A and B: see Session.Live.cs.
/// </summary>
internal sealed partial class Session : IAsyncDisposable
{
    /// <summary>Share of the whole budget that the first A/A run may take.</summary>
    const double CalibrationShare = 0.1;

    /// <summary>A baseline that fails more often is not worth comparing with.</summary>
    const double MostFailures = 0.1;

    /// <summary>The same when there is nothing else to do.</summary>
    const double MeasureShare = 0.6;

    /// <summary>Share of the whole budget that an A/A run of a new state may take.</summary>
    const double RecalibrationShare = 0.03;

    /// <summary>The capacity has to change by this factor before the noise is measured again.</summary>
    const double NewState = 1.5;

    readonly TuningTarget _target;
    readonly TuningOptions _options;
    readonly InstanceStarter _start;
    readonly TimeProvider _time;
    readonly IProgress<TuningProgress>? _progress;
    readonly TuningJournal _journal;
    readonly ActionRunner _runner;
    readonly Pace _pace;
    readonly long _begin;
    readonly int _users = Math.Max(2, Environment.ProcessorCount * 2);
    readonly List<ActionOutcome> _outcomes = [];
    readonly List<NotTried> _notTried = [];
    readonly List<DatabaseAddress> _copies = [];
    ServiceInstance? _reference;
    ServiceInstance? _candidate;
    Workload? _workload;
    Prober? _prober;
    AnswerBook? _book;
    double _baselineCapacity;
    double _referenceCapacity;
    double _calibratedCapacity;
    double _baselineRoundSeconds;
    ComparisonResult? _calibration;
    Dictionary<Metric, double> _floor = [];
    Dictionary<Metric, double> _baselineFloor = [];
    IReadOnlyList<RecordedQuery> _queries = [];
    IReadOnlyList<ServiceSwitch> _switches = [];

    public Session(TuningTarget target, TuningOptions options, RunFolder folder, InstanceStarter start, IProgress<TuningProgress>? progress, TimeProvider time)
    {
        _target = target;
        _options = options;
        Folder = folder;
        _start = start;
        _time = time;
        _progress = progress;
        _journal = TuningJournal.Open(folder.Journal, time);
        _runner = new ActionRunner(_journal, time);
        _pace = options.Pace ?? (options.Quick ? Pace.Quick : Pace.Full);
        _begin = time.GetTimestamp();
        StartedAt = time.GetUtcNow();
    }

    public RunFolder Folder { get; }

    public DateTimeOffset StartedAt { get; }

    public static string NewToken() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));

    ServiceInstance A => _reference!;

    ServiceInstance B => _candidate!;

    TimeSpan Elapsed => _time.GetElapsedTime(_begin);

    TimeSpan Left => _options.EffectiveBudget - Elapsed;

    public async Task<TuningOutcome> RunAsync(CancellationToken cancellation)
    {
        _journal.Append(new JournalEntry
        {
            Event = JournalEvent.Begin,
            Target = _target.JournalName,
            Folder = Folder.Scratch,
            Schema = _target.Database is { } address ? await TunedDatabase.SchemaAsync(address, cancellation) : null,
        });
        await SetUpAsync(cancellation);
        if (_options.Mode != TuningMode.Measure)
        {
            await TryActionsAsync(cancellation);
        }

        if (_options.Mode == TuningMode.Tune && _outcomes.Any(o => o.Kept))
        {
            if (_target.Live)
            {
                await VerifyLiveTotalAsync(cancellation);
            }
            else
            {
                await PruneAsync(cancellation);
                await VerifyTotalAsync(cancellation);
            }
        }

        await StopAsync();
        if (!_target.Live && _options.Mode == TuningMode.Tune && !_options.DryRun && End == TuningEnd.Improved)
        {
            await ApplyToTargetAsync(cancellation);
        }

        await RemoveScratchAsync();
        _journal.Append(new JournalEntry { Event = JournalEvent.End });
        var json = WriteResult();
        return new TuningOutcome(End, Folder.Id, Folder.Path, json);
    }

    /// <summary>Nothing of the run outlives it: processes by id, copies by name.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await RemoveScratchAsync();
        _journal.Dispose();
    }

    async Task SetUpAsync(CancellationToken cancellation)
    {
        if (_target.Live)
        {
            await AttachAsync(cancellation);
        }
        else
        {
            await StartBothAsync(cancellation);
        }

        _workload = await _target.PrepareWorkloadAsync(A.Database, _options.Seed, cancellation);
        _prober = new Prober(_workload.Requests, _target.AllowedHosts);
        Say("answers", $"recording {_workload.Golden.Count} answers twice");
        _book = await LearnAsync(A, cancellation);
        if (!_target.Live && await CompareAnswersAsync(B, 0, cancellation) is { Different: > 0 } wrong)
        {
            throw new TuningException($"two untouched instances answer differently, so no answer can be a gate: {wrong.Examples[0]}");
        }

        Say("answers", string.Create(CultureInfo.InvariantCulture, $"{_book.Count} recorded, noise in {_book.Noise.Count} fields{(_book.LeftOut.Count > 0 ? $", {_book.LeftOut.Count} left out" : "")}"), finished: true);
        if (_options.Mode == TuningMode.Tune)
        {
            await LearnWritesAsync(cancellation);
        }

        if (!_target.Live)
        {
            // Someone else may be reading a running service's record.
            await A.Client.ClearQueriesAsync(cancellation);
        }

        await WarmAsync(cancellation);
        Say("capacity", "closed load on the baseline");
        _baselineCapacity = _referenceCapacity = await _prober.CapacityAsync(A, _users, _pace.CapacityStep, _options.Seed, cancellation);
        if (_baselineCapacity <= 0)
        {
            throw new TuningException("the baseline answers no request of the workload without an error; nothing can be compared with it");
        }

        _queries = await A.Client.QueriesAsync(cancellation) is { Count: > 0 } recorded ? recorded : _target.Statements?.Invoke() ?? [];
        Say("capacity", string.Create(CultureInfo.InvariantCulture, $"{_baselineCapacity:0.#} requests/s with {_users} users"), finished: true);
        var begin = _time.GetTimestamp();
        _calibration = await MeasureNoiseAsync(_options.Mode == TuningMode.Measure ? MeasureShare : CalibrationShare, cancellation);
        if (_calibration.Reference.Failed > MostFailures * _calibration.Reference.AllRequests)
        {
            var first = _calibration.Rounds.Select(r => r.Reference.FirstError).FirstOrDefault(e => e is not null);
            throw new TuningException($"{_calibration.Reference.Failed} of {_calibration.Reference.AllRequests} requests fail before anything is changed ({first}): mend the service or its traffic first");
        }

        _baselineRoundSeconds = _time.GetElapsedTime(begin).TotalSeconds / _calibration.Rounds.Count;
        _baselineFloor = _floor;
        _baselineCapacity = _referenceCapacity;
    }

    RoundShape Fixed(RoundShape shape) => _options.Rate is { } rate ? shape with { Rate = rate } : shape;

    async Task StartBothAsync(CancellationToken cancellation)
    {
        Say("prepare", "copying the database");
        _reference = await StartOnCopyAsync("A", "a", cancellation);
        _candidate = await StartOnCopyAsync("B", "b", cancellation);
        _switches = await A.Client.SwitchesAsync(cancellation);
        foreach (var on in _switches.Where(s => s.On))
        {
            await A.Client.SetSwitchAsync(on.Name, false, cancellation);
            await B.Client.SetSwitchAsync(on.Name, false, cancellation);
        }
    }

    /// <summary>An A/A comparison of two equal instances, and the noise floor that it leaves.</summary>
    async Task<ComparisonResult> MeasureNoiseAsync(double share, CancellationToken cancellation)
    {
        Say("A/A", "measuring the noise");
        var calibration = await new Comparison(_prober!, _time, _options.Seed + _outcomes.Count).RunAsync(
            A, B, Fixed(_pace.Shape(_referenceCapacity, _users)), _options.Mode == TuningMode.Measure ? 2 * _pace.CalibrationRounds : _pace.CalibrationRounds, judge: null, share * _options.EffectiveBudget, round => Say("A/A", $"round {round}"), cancellation);
        _floor = NoiseFloor.From(calibration.Samples, _options.Seed);

        // More rounds than the first step had, and of both instances: the better estimate.
        _calibratedCapacity = _referenceCapacity = (calibration.Reference.Capacity + calibration.Candidate.Capacity) / 2;
        Say("A/A", "noise floor " + string.Join(", ", _floor.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Key.Name()} {Math.Exp(f.Value) - 1:0.0%}"))), finished: true);
        return calibration;
    }

    async Task<ServiceInstance> StartOnCopyAsync(string name, string copy, CancellationToken cancellation)
    {
        DatabaseAddress? database = null;
        if (_target.Database is { } source)
        {
            if (source.Engine == DatabaseEngine.Postgres)
            {
                _journal.Append(new JournalEntry { Event = JournalEvent.Intent, Action = "copy", Target = $"copy:{TunedDatabase.CopyAddress(source, copy)}", Undo = ["drop the copy"] });
            }

            database = await TunedDatabase.CopyAsync(source, Folder.Scratch, copy, cancellation);
            _copies.Add(database);
        }

        Say("prepare", $"starting instance {name}");
        return await _start(name, database, true, _journal, cancellation);
    }

    async Task<AnswerBook> LearnAsync(ServiceInstance instance, CancellationToken cancellation)
    {
        using var recorder = new AnswerRecorder(instance.Url);
        var first = await recorder.AskAsync(_workload!.Golden, cancellation);
        return AnswerBook.Learn(_workload.Golden, first, await recorder.AskAsync(_workload.Golden, cancellation), _workload.Ignore, _workload.LeavesOutUnstable);
    }

    async Task<AnswerReport> CompareAnswersAsync(ServiceInstance instance, double tolerance, CancellationToken cancellation)
    {
        if (_writeBook is not null)
        {
            // The load has changed the data of both sides, each its own way: fresh copies are the gate.
            return new AnswerReport(0, 0, []);
        }

        using var recorder = new AnswerRecorder(instance.Url);
        return _book!.Compare(await recorder.AskAsync([.. _book.Requests], cancellation), tolerance);
    }

    /// <summary>The same load on both sides, so that neither is ahead in compiled code, pages or pools.</summary>
    async Task WarmAsync(CancellationToken cancellation, double factor = 1)
    {
        Say("warm-up", "the same load on both instances");
        var time = factor * _pace.WarmUp;
        await _prober!.WarmAsync(A, _users, time, _options.Seed + 11, cancellation);
        if (!_target.Live)
        {
            await _prober.WarmAsync(B, _users, time, _options.Seed + 11, cancellation);
        }
    }

    async Task StopAsync()
    {
        foreach (var instance in new[] { _reference, _candidate }.OfType<ServiceInstance>().Distinct())
        {
            await instance.DisposeAsync();
        }

        _reference = null;
        _candidate = null;
    }

    async Task RemoveScratchAsync()
    {
        foreach (var copy in _copies)
        {
            await TunedDatabase.DropCopyAsync(copy);
        }

        _copies.Clear();
        if (Directory.Exists(Folder.Scratch))
        {
            Directory.Delete(Folder.Scratch, recursive: true);
        }
    }

    void Say(string stage, string detail, bool finished = false) => _progress?.Report(new TuningProgress(stage, detail, finished));
}
