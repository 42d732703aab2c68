using Fettle.Tuning.Actions;
using Fettle.Tuning.Answers;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Loop;

/// <summary>
/// Requests that change data as a gate. On a copy that nobody else has touched the reading traffic fills what there is to fill, then all reading requests are
/// asked, then the changing ones in order, then the reading ones again, because what a write left shows in what is read. Two such replays give the noise (ids, times);
/// every action that would be kept has one of its own. The instances under load are no gate then: their data have gone different ways.
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
        GoldenRequest[] requests = [.. _book!.Requests, .. _workload.Writes, .. _book.Requests];
        var first = await ReplayAsync(requests, [], cancellation);
        _writeBook = AnswerBook.Learn(requests, first, await ReplayAsync(requests, [], cancellation), [.. _workload.Ignore, .. _book.Noise], _workload.LeavesOutUnstable);
        Say("answers", $"{_workload.Writes.Count} changing requests recorded, noise in {_writeBook.Noise.Count} fields", finished: true);
    }

    /// <summary>The answers of a fresh copy with these actions, before and after the changing requests; nothing compared when no request changes data.</summary>
    async Task<AnswerReport> CompareWritesAsync(IReadOnlyList<TuningAction> actions, CancellationToken cancellation)
    {
        if (_writeBook is null)
        {
            return new AnswerReport(0, 0, []);
        }

        Say("answers", "replaying the changing requests on a fresh copy");
        return _writeBook.Compare(await ReplayAsync([.. _writeBook.Requests], actions, cancellation), actions.Select(a => a.Tolerance).DefaultIfEmpty(0).Max());
    }

    IEnumerable<TuningAction> KeptActions => _outcomes.Where(o => o.Kept).Select(o => o.Action);

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

            await _prober!.WarmAsync(instance, _workload!.Reads ?? _workload.Requests, _users, _pace.WarmUp, _options.Seed + 17, cancellation);
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
