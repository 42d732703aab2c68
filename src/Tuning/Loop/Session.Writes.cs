using Fettle.Tuning.Actions;
using Fettle.Tuning.Answers;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Loop;

/// <summary>
/// Requests that change data as a gate. They are asked in order on a copy that nobody else has touched, then all others again, because what a write left
/// shows in what is read. Two such replays give the noise (ids, times); every action that would be kept has one of its own.
/// </summary>
internal sealed partial class Session
{
    AnswerBook? _writeBook;
    int _replays;

    async Task LearnWritesAsync(CancellationToken cancellation)
    {
        if (_workload!.Writes.Count == 0 || _target.Live)
        {
            return;
        }

        Say("answers", $"replaying {_workload.Writes.Count} changing requests on two fresh copies");
        var requests = _workload.Writes.Concat(_book!.Requests).ToArray();
        var first = await ReplayAsync(requests, [], cancellation);
        _writeBook = AnswerBook.Learn(requests, first, await ReplayAsync(requests, [], cancellation), [.. _workload.Ignore, .. _book.Noise], _workload.LeavesOutUnstable);
        Say("answers", $"{_workload.Writes.Count} changing requests recorded, noise in {_writeBook.Noise.Count} fields", finished: true);
    }

    /// <summary>Why the action must not be kept beside those that are, or null.</summary>
    async Task<string?> WritesChangedAsync(TuningAction action, CancellationToken cancellation)
    {
        if (_writeBook is null)
        {
            return null;
        }

        Say(action.Title, "replaying the changing requests on a fresh copy");
        var report = await CompareWritesAsync([.. _outcomes.Where(o => o.Kept).Select(o => o.Action), action], cancellation);
        return report.Different == 0 ? null : $"after requests that change data, {AnswersChanged(report)}";
    }

    async Task<AnswerReport> CompareWritesAsync(IReadOnlyList<TuningAction> actions, CancellationToken cancellation) => _writeBook is null
        ? new AnswerReport(0, 0, [])
        : _writeBook.Compare(await ReplayAsync([.. _writeBook.Requests], actions, cancellation), actions.Max(a => a.Tolerance));

    async Task<IReadOnlyList<Answer>> ReplayAsync(IReadOnlyList<GoldenRequest> requests, IReadOnlyList<TuningAction> actions, CancellationToken cancellation)
    {
        var copies = _copies.Count;
        IReadOnlyList<Answer> answers;
        await using (var instance = await StartOnCopyAsync("W", $"w{++_replays}", cancellation))
        {
            foreach (var on in (await instance.Client.SwitchesAsync(cancellation)).Where(s => s.On))
            {
                await instance.Client.SetSwitchAsync(on.Name, false, cancellation);
            }

            foreach (var action in actions)
            {
                await action.ApplyAsync(instance, cancellation);
            }

            using var recorder = new AnswerRecorder(instance.Url);
            answers = await recorder.AskAsync(requests, cancellation);
        }

        foreach (var copy in _copies.Skip(copies).ToArray())
        {
            await TunedDatabase.DropCopyAsync(copy);
            _copies.Remove(copy);
        }

        return answers;
    }
}
