using Fettle.Tuning.Journal;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Actions;

/// <summary>Applies and undoes actions, the journal first: when the process dies between two lines, the journal says what may have been done.</summary>
internal sealed class ActionRunner(TuningJournal journal, TimeProvider time)
{
    public async Task ApplyAsync(TuningAction action, ServiceInstance instance, CancellationToken cancellation)
    {
        journal.Append(Line(JournalEvent.Intent, action, instance) with { Do = [.. action.Do], Undo = [.. action.Undo] });
        await action.ApplyAsync(instance, cancellation);
        journal.Append(Line(JournalEvent.Applied, action, instance));
    }

    /// <summary>Not cancellable: an undo that was begun is finished.</summary>
    public async Task UndoAsync(TuningAction action, ServiceInstance instance)
    {
        await action.UndoAsync(instance, CancellationToken.None);
        journal.Append(Line(JournalEvent.Undone, action, instance));
    }

    /// <summary>Applies, undoes twice (an undo must also succeed on what is undone) and applies again: no action is measured whose way back was not walked.</summary>
    /// <returns>How long one way there and back takes.</returns>
    public async Task<TimeSpan> RehearseAsync(TuningAction action, ServiceInstance instance, Func<Task<string>> fingerprint, CancellationToken cancellation)
    {
        var before = await fingerprint();
        var begin = time.GetTimestamp();
        await ApplyAsync(action, instance, cancellation);
        await UndoAsync(action, instance);
        var there = time.GetElapsedTime(begin);
        await UndoAsync(action, instance);
        var after = await fingerprint();
        if (before != after)
        {
            throw new TuningException($"the undo of {action.Id} does not lead back to the state before it; it is not applied");
        }

        await ApplyAsync(action, instance, cancellation);
        return there;
    }

    static JournalEntry Line(JournalEvent what, TuningAction action, ServiceInstance instance) =>
        new() { Event = what, Action = action.Id, Target = action.Target(instance), Scratch = instance.Scratch };
}
