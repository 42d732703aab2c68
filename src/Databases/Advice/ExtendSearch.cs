namespace Fettle.Databases.Advice;

/// <summary>
/// Chooses indexes one step at a time, each step the one that saves most cost per byte: a new index, or an extension of a chosen one
/// (after Schlosser, Kossmann and Boissier, "Efficient Scalable Multi-Attribute Index Selection Using Recursive Strategies", ICDE 2019).
/// 1. Start with nothing chosen. 2. Price each step for the statements of its table only; the upkeep of writes counts against it.
/// 3. Take the best while it saves more than the minimum part of what is left and fits the budget. 4. Drop indexes, keys and carried columns that later steps made needless.
/// Every price is kept by statement and by the chosen indexes of its tables, so that a round costs few plans.
/// </summary>
internal sealed class ExtendSearch(IWhatIf whatIf, IReadOnlyList<WorkloadItem> items, AdvisorOptions options, long budget)
{
    readonly Dictionary<(int Item, string Config), SupposedCost?> _prices = [];
    readonly Dictionary<string, double> _writes = [];

    public int Plans => _prices.Count;

    /// <param name="candidates">Indexes to choose from.</param>
    /// <param name="bundles">Indexes that help only together, as the branches of an OR do: a step may take all of them.</param>
    /// <param name="cancellation">Stops the search.</param>
    public async Task<List<IndexCandidate>> RunAsync(IReadOnlyList<IndexCandidate> candidates, IReadOnlyList<IReadOnlyList<IndexCandidate>> bundles, CancellationToken cancellation)
    {
        CountWrites();
        var chosen = new List<IndexCandidate>();
        var current = await TotalAsync(chosen, cancellation).ConfigureAwait(false);
        var pool = candidates.DistinctBy(c => c.Identity).ToList();
        while (true)
        {
            (List<IndexCandidate> Set, double Total, double Ratio)? best = null;
            var used = chosen.Sum(whatIf.Bytes);
            foreach (var set in Steps(chosen, pool).Concat(bundles.Select(b => chosen.Concat(b).DistinctBy(c => c.Identity).ToList()).Where(b => b.Count > chosen.Count)))
            {
                var bytes = set.Sum(whatIf.Bytes);
                if (bytes > budget || set.Count > options.MaxIndexes)
                {
                    continue;
                }

                var total = await TotalAsync(set, cancellation).ConfigureAwait(false);
                var saved = current - total;
                if (saved < options.MinimumGain * current)
                {
                    continue;
                }

                var ratio = saved / Math.Max(4096, bytes - used);
                if (best is null || ratio > best.Value.Ratio)
                {
                    best = (set, total, ratio);
                }
            }

            if (best is null)
            {
                break;
            }

            chosen = best.Value.Set;
            current = best.Value.Total;
        }

        return await PruneAsync(chosen, cancellation).ConfigureAwait(false);
    }

    public async Task<SupposedCost?> PriceAsync(int item, IReadOnlyList<IndexCandidate> set, CancellationToken cancellation)
    {
        var tables = items[item].Analyzed.Statement.Tables;
        var relevant = set.Where(c => items[item].Analyzed.Uses.Any(u => u.Table.Name.Equals(c.Table, StringComparison.OrdinalIgnoreCase)) || tables.Contains(c.Table, StringComparer.OrdinalIgnoreCase)).ToList();
        var key = (item, string.Join('\n', relevant.Select(c => c.Identity).Order(StringComparer.Ordinal)));
        if (!_prices.TryGetValue(key, out var price))
        {
            price = await whatIf.CostAsync(items[item], relevant, cancellation).ConfigureAwait(false);
            _prices.Add(key, price);
        }

        return price;
    }

    public async Task<double> TotalAsync(IReadOnlyList<IndexCandidate> set, CancellationToken cancellation)
    {
        var total = set.Sum(c => _writes.GetValueOrDefault(c.Table.ToLowerInvariant()) * whatIf.WriteCost(c));
        for (var i = 0; i < items.Count; i++)
        {
            total += items[i].Weight * ((await PriceAsync(i, set, cancellation).ConfigureAwait(false))?.Cost ?? 0);
        }

        return total;
    }

    /// <summary>New indexes, and chosen ones grown by the keys of a candidate that begins with them or by one more of its table's columns.</summary>
    static IEnumerable<List<IndexCandidate>> Steps(List<IndexCandidate> chosen, List<IndexCandidate> pool)
    {
        foreach (var candidate in pool)
        {
            if (chosen.Exists(c => c.Identity == candidate.Identity))
            {
                continue;
            }

            yield return [.. chosen, candidate];
            for (var i = 0; i < chosen.Count; i++)
            {
                var one = chosen[i];
                if (!one.Table.Equals(candidate.Table, StringComparison.OrdinalIgnoreCase) || one.Method != "btree" || candidate.Method != "btree" || one.Where != candidate.Where)
                {
                    continue;
                }

                var grown = one.Include.Count == 0 && candidate.Keys.Take(one.Keys.Count).SequenceEqual(one.Keys)
                    ? candidate
                    : one.Include.Count == 0 && candidate.Include.Count == 0 && candidate.Ordering == candidate.Keys.Count && one.Ordering == one.Keys.Count && one.Keys.Count < 4 && candidate.Keys.Except(one.Keys).FirstOrDefault() is { } attribute
                        ? one with { Keys = [.. one.Keys, attribute], Ordering = one.Keys.Count + 1 }
                        : null;
                if (grown is not null && !chosen.Exists(c => c.Identity == grown.Identity))
                {
                    yield return [.. chosen.Where((_, at) => at != i), grown];
                }
            }
        }
    }

    async Task<List<IndexCandidate>> PruneAsync(List<IndexCandidate> chosen, CancellationToken cancellation)
    {
        for (var again = true; again;)
        {
            again = false;
            var total = await TotalAsync(chosen, cancellation).ConfigureAwait(false);
            foreach (var candidate in chosen.OrderByDescending(whatIf.Bytes).ToList())
            {
                var without = chosen.Where(c => c != candidate).ToList();
                var fewer = new List<List<IndexCandidate>> { without };
                if (candidate.Keys.Count > 1)
                {
                    var shorter = candidate with { Keys = [.. candidate.Keys.SkipLast(1)], Ordering = Math.Min(candidate.Ordering, candidate.Keys.Count - 1) };
                    fewer.Add([.. without, shorter]);
                }

                if (candidate.Include.Count > 0)
                {
                    fewer.Add([.. without, candidate with { Include = [] }]);
                }

                foreach (var less in fewer)
                {
                    if (await TotalAsync(less, cancellation).ConfigureAwait(false) - total < options.MinimumGain * total)
                    {
                        chosen = less;
                        again = true;
                        break;
                    }
                }

                if (again)
                {
                    break;
                }
            }
        }

        return chosen;
    }

    /// <summary>Rows written per table in the workload; an insert of many rows in one statement counts its rows where they were recorded.</summary>
    void CountWrites()
    {
        foreach (var item in items.Where(i => i.Writes))
        {
            foreach (var table in item.Analyzed.Statement.WrittenTables)
            {
                var key = table.ToLowerInvariant();
                _writes[key] = _writes.GetValueOrDefault(key) + item.Weight;
            }
        }
    }
}
