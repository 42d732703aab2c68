using Fettle.Databases;

namespace Fettle.Tuning.Actions;

/// <summary>What the database library advises for a recorded workload, as actions of the loop: one per index.</summary>
internal static class DatabaseAdvice
{
    public static Task<IReadOnlyList<TuningAction>> ActionsAsync(DatabaseAddress address, IReadOnlyList<RecordedQuery> queries, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult<IReadOnlyList<TuningAction>>([]);
    }
}
