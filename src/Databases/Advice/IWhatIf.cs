namespace Fettle.Databases.Advice;

/// <summary>A statement's cost under a supposed set of indexes, and the plan behind it.</summary>
internal sealed record SupposedCost(double Cost, QueryPlan Plan);

/// <summary>Prices statements under indexes that do not exist. The production data is not touched.</summary>
internal interface IWhatIf : IAsyncDisposable
{
    /// <summary>
    /// Null when the engine cannot explain the statement. The whole set is supposed and stays so, since the next statement is mostly priced under
    /// the same one; <paramref name="serving"/> are those of it that may concern the statement.
    /// </summary>
    ValueTask<SupposedCost?> CostAsync(WorkloadItem item, IReadOnlyList<IndexCandidate> supposed, IReadOnlyList<IndexCandidate> serving, CancellationToken cancellation);

    /// <summary>Expected bytes of the index when built.</summary>
    long Bytes(IndexCandidate candidate);

    /// <summary>Cost of keeping the index for one row inserted, deleted or changed, in the unit of <see cref="CostAsync"/>.</summary>
    double WriteCost(IndexCandidate candidate);

    TableSample? Sample(string table);

    /// <summary>Milliseconds per unit of cost on an ordinary machine: only for an order of magnitude.</summary>
    double MillisecondsPerUnit { get; }
}
