using Fettle.Databases.Schema;

namespace Fettle.Databases.Advice;

/// <summary>A statement's cost under a supposed set of indexes in the planner's unit, the time it then takes with its pages in memory, and the plan behind both.</summary>
internal sealed record SupposedCost(double Cost, double Milliseconds, QueryPlan Plan);

/// <summary>A statement to price, and the supposed indexes that may concern it.</summary>
internal readonly record struct PricedItem(WorkloadItem Item, IReadOnlyList<IndexCandidate> Serving);

/// <summary>Prices statements under indexes that do not exist. The production data is not touched.</summary>
internal interface IWhatIf : IAsyncDisposable
{
    /// <summary>
    /// Prices statements under one set, all in one round trip where the engine is asked over a wire; null for one that it cannot explain. The whole set is
    /// supposed and stays so, since the next statement is mostly priced under nearly the same one.
    /// </summary>
    ValueTask<IReadOnlyList<SupposedCost?>> CostAsync(IReadOnlyList<PricedItem> items, IReadOnlyList<IndexCandidate> supposed, CancellationToken cancellation);

    /// <summary>Expected bytes of the index when built.</summary>
    long Bytes(IndexCandidate candidate);

    /// <summary>Cost of keeping the index for one row inserted, deleted or changed, in the unit of <see cref="CostAsync"/>.</summary>
    double WriteCost(IndexCandidate candidate);

    /// <summary>Cost of one row inserted as the table is now, its present indexes kept; in the unit of <see cref="WriteCost"/>.</summary>
    double RowCost(TableInfo table);

    TableSample? Sample(string table);
}
