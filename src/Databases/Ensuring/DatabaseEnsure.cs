using System.Data.Common;

namespace Fettle.Databases;

/// <summary>What became of one accepted action.</summary>
/// <param name="Id">The action.</param>
/// <param name="Outcome"><c>present</c>, <c>applied</c> or <c>failed</c>.</param>
/// <param name="Detail">How long it took, or why it failed.</param>
public sealed record EnsuredAction(string Id, string Outcome, string Detail);

/// <summary>Brings a database to the accepted state: what is there is left alone, what is missing is made, nothing is ever dropped but the remains of a failed build.</summary>
public static class DatabaseEnsure
{
    /// <summary>Applies what is missing. Safe to repeat and to run in several services at once: on PostgreSQL one works and the others wait, then find it done.</summary>
    /// <param name="database">Which one.</param>
    /// <param name="advice">What was accepted.</param>
    /// <param name="patience">Longest wait for another tuner. 0–1 h.</param>
    /// <param name="report">Told each outcome as it happens.</param>
    /// <param name="cancellation">Stops between statements.</param>
    /// <exception cref="InvalidOperationException">Another tuner held the lock for longer.</exception>
    public static async Task<IReadOnlyList<EnsuredAction>> RunAsync(Database database, AcceptedAdvice advice, TimeSpan patience, Action<EnsuredAction>? report = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(advice);
        var outcomes = new List<EnsuredAction>();
        void Tell(EnsuredAction outcome)
        {
            outcomes.Add(outcome);
            report?.Invoke(outcome);
        }

        var missing = await MissingAsync(database, advice, cancellation).ConfigureAwait(false);
        foreach (var present in advice.Actions.Where(a => !missing.Contains(a)))
        {
            Tell(new EnsuredAction(present.Id, "present", ""));
        }

        if (missing.Count == 0)
        {
            return outcomes;
        }

        await using var session = await ApplySession.OpenAsync(database, TimeSpan.FromHours(1), patience, cancellation).ConfigureAwait(false);
        await session.DropLeftoversAsync(cancellation).ConfigureAwait(false);
        var still = await MissingAsync(database, advice, cancellation).ConfigureAwait(false);
        foreach (var action in missing)
        {
            Tell(still.Contains(action) ? await ApplyAsync(session, action, cancellation).ConfigureAwait(false) : new EnsuredAction(action.Id, "present", "made by another service meanwhile"));
        }

        return outcomes;
    }

    static async Task<EnsuredAction> ApplyAsync(ApplySession session, AcceptedAction action, CancellationToken cancellation)
    {
        try
        {
            var took = 0.0;
            foreach (var statement in action.Do)
            {
                took += (await session.ExecuteAsync(statement, cancellation).ConfigureAwait(false)).Milliseconds;
            }

            return new EnsuredAction(action.Id, "applied", FormattableString.Invariant($"in {took:0} ms"));
        }
        catch (DbException e)
        {
            try
            {
                foreach (var statement in action.Undo)
                {
                    await session.ExecuteAsync(statement, CancellationToken.None).ConfigureAwait(false);
                }
            }
            catch (DbException)
            {
                // The first error tells; what is left is invalid, carries Fettle's name, and is dropped at the next start.
            }

            return new EnsuredAction(action.Id, "failed", e.Message);
        }
    }

    static async Task<List<AcceptedAction>> MissingAsync(Database database, AcceptedAdvice advice, CancellationToken cancellation)
    {
        var schema = await database.ReadSchemaAsync(sizes: false, cancellation).ConfigureAwait(false);
        var present = schema.Tables.Values.SelectMany(t => t.Indexes).Where(i => i.Valid).Select(i => i.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. advice.Actions.Where(a => !present.Contains(a.Object))];
    }
}
