using System.Runtime.InteropServices;

namespace Fettle.Databases.Advice;

/// <summary>
/// Chooses indexes one step at a time, each step the one that saves most cost per byte: a new index, or an extension of a chosen one
/// (after Schlosser, Kossmann and Boissier, "Efficient Scalable Multi-Attribute Index Selection Using Recursive Strategies", ICDE 2019).
/// 1. Start with nothing chosen. Leave out candidates that do not help a statement they were made for.
/// 2. Price each step for the statements it may serve only; the upkeep of writes counts against it. What a step saved in an earlier round bounds what it
///    saves now, give or take a half, so most steps need no new price.
/// 3. Take the best while it saves more than the minimum part of what is left and fits the budget. 4. Drop indexes, keys and carried columns that later steps made needless.
/// 5. Put each candidate left over in the place of the chosen ones that are missed least per byte, and keep the exchange where it saves.
/// Every price is kept by statement and by the chosen indexes that may serve it, so that a round costs few plans.
/// </summary>
internal sealed class ExtendSearch(IWhatIf whatIf, IReadOnlyList<WorkloadItem> items, AdvisorOptions options, long budget)
{
    /// <summary>Indexes help each other now and then (both sides of a join), so an old saving is no strict bound.</summary>
    const double Slack = 1.5;

    const int KeptPerTable = 6;

    const int SwapPasses = 2;

    readonly Dictionary<(int Item, string Config), SupposedCost?> _prices = [];
    readonly Dictionary<(int Item, string Index), bool> _serves = [];
    readonly Dictionary<string, double> _writes = [];
    readonly Dictionary<string, long> _bytes = [];

    public int Plans => _prices.Count;

    sealed record Step(string Key, List<IndexCandidate> Set, long Bytes);

    /// <param name="candidates">Indexes to choose from, each with the number of the statement it was made for; one made for several stands several times.</param>
    /// <param name="bundles">Indexes that help only together, as the branches of an OR do: a step may take all of them.</param>
    /// <param name="cancellation">Stops the search.</param>
    public async Task<List<IndexCandidate>> RunAsync(IReadOnlyList<(IndexCandidate Index, int Item)> candidates, IReadOnlyList<IReadOnlyList<IndexCandidate>> bundles, CancellationToken cancellation)
    {
        CountWrites();
        var chosen = new List<IndexCandidate>();
        var current = await TotalAsync(chosen, cancellation).ConfigureAwait(false);
        var pool = await HelpfulAsync(candidates, current, cancellation).ConfigureAwait(false);
        var savings = new Dictionary<string, double>(StringComparer.Ordinal);
        while (true)
        {
            var best = await BestAsync([.. Steps(chosen, pool, bundles)], chosen, current, savings, Slack, cancellation).ConfigureAwait(false)
                ?? await BestAsync([.. Steps(chosen, pool, bundles)], chosen, current, savings, double.PositiveInfinity, cancellation).ConfigureAwait(false);
            if (best is null)
            {
                break;
            }

            (chosen, current) = best.Value;
        }

        chosen = await PruneAsync(chosen, cancellation).ConfigureAwait(false);
        for (var pass = 0; pass < SwapPasses && await SwapAsync(chosen, pool, cancellation).ConfigureAwait(false) is { } better; pass++)
        {
            chosen = await PruneAsync(better, cancellation).ConfigureAwait(false);
        }

        return chosen;
    }

    public async Task<SupposedCost?> PriceAsync(int item, IReadOnlyList<IndexCandidate> set, CancellationToken cancellation)
    {
        await LearnAsync([item], set, cancellation).ConfigureAwait(false);
        return _prices[Key(item, set).Key];
    }

    public async Task<double> TotalAsync(IReadOnlyList<IndexCandidate> set, CancellationToken cancellation)
    {
        await LearnAsync(Enumerable.Range(0, items.Count), set, cancellation).ConfigureAwait(false);
        var total = set.Sum(Upkeep);
        for (var i = 0; i < items.Count; i++)
        {
            // A statement that cannot be explained under the set costs what it costs without it.
            var price = _prices[Key(i, set).Key] ?? await PriceAsync(i, [], cancellation).ConfigureAwait(false);
            total += items[i].Weight * (price?.Cost ?? 0);
        }

        return total;
    }

    /// <summary>Asks for the prices that are not known yet, all at once.</summary>
    async Task LearnAsync(IEnumerable<int> wanted, IReadOnlyList<IndexCandidate> set, CancellationToken cancellation)
    {
        var asked = new List<((int, string) Key, PricedItem Item)>();
        foreach (var item in wanted)
        {
            var (key, serving) = Key(item, set);
            if (!_prices.ContainsKey(key))
            {
                asked.Add((key, new PricedItem(items[item], serving)));
            }
        }

        if (asked.Count > 0)
        {
            var prices = await whatIf.CostAsync([.. asked.Select(a => a.Item)], set, cancellation).ConfigureAwait(false);
            for (var i = 0; i < asked.Count; i++)
            {
                _prices.Add(asked[i].Key, prices[i]);
            }
        }
    }

    ((int Item, string Config) Key, List<IndexCandidate> Serving) Key(int item, IReadOnlyList<IndexCandidate> set)
    {
        var serving = set.Where(c => Serves(item, c)).ToList();
        return ((item, serving.Count == 0 ? "" : string.Join('\n', serving.Select(c => c.Identity).Order(StringComparer.Ordinal))), serving);
    }

    double Upkeep(IndexCandidate candidate) => _writes.TryGetValue(candidate.Table.ToLowerInvariant(), out var writes) ? writes * whatIf.WriteCost(candidate) : 0;

    long Bytes(IndexCandidate candidate)
    {
        ref var bytes = ref CollectionsMarshal.GetValueRefOrAddDefault(_bytes, candidate.Identity, out var known);
        return known && candidate.Method != "gin" ? bytes : bytes = whatIf.Bytes(candidate);
    }

    /// <summary>For each statement and table the candidates that alone save most, and those that save most per byte.</summary>
    async Task<List<IndexCandidate>> HelpfulAsync(IReadOnlyList<(IndexCandidate Index, int Item)> candidates, double current, CancellationToken cancellation)
    {
        var saved = new List<(IndexCandidate Index, int Item, double Saved)>();
        foreach (var (index, item) in candidates.DistinctBy(c => (c.Index.Identity, c.Item)).Where(c => Bytes(c.Index) <= budget))
        {
            if (await PriceAsync(item, [], cancellation).ConfigureAwait(false) is { } before && await PriceAsync(item, [index], cancellation).ConfigureAwait(false) is { } after)
            {
                saved.Add((index, item, items[item].Weight * (before.Cost - after.Cost)));
            }
        }

        return
        [
            .. saved.Where(s => s.Saved > options.MinimumGain * current / 100).GroupBy(s => (s.Item, s.Index.Table.ToLowerInvariant()))
                .SelectMany(g => g.OrderByDescending(s => s.Saved).Take(KeptPerTable).Concat(g.OrderByDescending(s => s.Saved / Math.Max(4096, Bytes(s.Index))).Take(KeptPerTable)))
                .Select(s => s.Index).DistinctBy(c => c.Identity),
        ];
    }

    /// <summary>The step with the best ratio of saved cost to bytes. Steps are tried from the best bound down, until no bound reaches the best found.</summary>
    async Task<(List<IndexCandidate> Set, double Total)?> BestAsync(
        List<Step> steps, List<IndexCandidate> chosen, double current, Dictionary<string, double> savings, double slack, CancellationToken cancellation)
    {
        var used = chosen.Sum(Bytes);
        double Ratio(double saved, Step step) => saved / Math.Max(4096, step.Bytes - used);
        (List<IndexCandidate> Set, double Total, double Ratio)? best = null;
        foreach (var step in steps.Where(s => s.Bytes <= budget && s.Set.Count <= options.MaxIndexes).OrderByDescending(s => savings.TryGetValue(s.Key, out var old) ? Ratio(old, s) : double.PositiveInfinity))
        {
            if (savings.TryGetValue(step.Key, out var bound))
            {
                if ((best is not null && Ratio(bound, step) * slack < best.Value.Ratio) || bound * slack < options.MinimumGain * current)
                {
                    continue;
                }
            }

            var total = await TotalAsync(step.Set, cancellation).ConfigureAwait(false);
            var saved = current - total;
            savings[step.Key] = saved;
            if (saved >= options.MinimumGain * current && (best is null || Ratio(saved, step) > best.Value.Ratio))
            {
                best = (step.Set, total, Ratio(saved, step));
            }
        }

        return best is null ? null : (best.Value.Set, best.Value.Total);
    }

    /// <summary>New indexes, bundles, and chosen ones grown by the keys of a candidate that begins with them or by one more of its table's columns.</summary>
    IEnumerable<Step> Steps(List<IndexCandidate> chosen, List<IndexCandidate> pool, IReadOnlyList<IReadOnlyList<IndexCandidate>> bundles)
    {
        var used = chosen.Sum(Bytes);
        foreach (var candidate in pool)
        {
            if (chosen.Exists(c => c.Identity == candidate.Identity))
            {
                continue;
            }

            yield return new Step(candidate.Identity, [.. chosen, candidate], used + Bytes(candidate));
            for (var i = 0; i < chosen.Count; i++)
            {
                if (Grown(chosen[i], candidate) is { } grown && !chosen.Exists(c => c.Identity == grown.Identity))
                {
                    yield return new Step($"{chosen[i].Identity}\n{grown.Identity}", [.. chosen.Where((_, at) => at != i), grown], used - Bytes(chosen[i]) + Bytes(grown));
                }
            }
        }

        foreach (var bundle in bundles)
        {
            var set = chosen.Concat(bundle).DistinctBy(c => c.Identity).ToList();
            if (set.Count > chosen.Count)
            {
                yield return new Step("all\n" + string.Join('\n', bundle.Select(b => b.Identity)), set, set.Sum(Bytes));
            }
        }
    }

    static IndexCandidate? Grown(IndexCandidate one, IndexCandidate candidate)
    {
        if (!one.Table.Equals(candidate.Table, StringComparison.OrdinalIgnoreCase) || one.Method != "btree" || candidate.Method != "btree" || one.Where != candidate.Where || one.Include.Count > 0)
        {
            return null;
        }

        if (candidate.Keys.Take(one.Keys.Count).SequenceEqual(one.Keys))
        {
            return candidate;
        }

        return candidate.Include.Count == 0 && candidate.Ordering == candidate.Keys.Count && one.Ordering == one.Keys.Count && one.Keys.Count < 4 && candidate.Keys.Except(one.Keys).FirstOrDefault() is { } attribute
            ? one with { Keys = [.. one.Keys, attribute], Ordering = one.Keys.Count + 1 }
            : null;
    }

    /// <summary>Whether the planner could use the index for the statement: it names the first key, or the index holds all that is asked of the table.</summary>
    bool Serves(int item, IndexCandidate candidate)
    {
        ref var serves = ref CollectionsMarshal.GetValueRefOrAddDefault(_serves, (item, candidate.Identity), out var known);
        return known ? serves : serves = Serves(items[item], candidate);
    }

    static bool Serves(WorkloadItem item, IndexCandidate candidate)
    {
        var first = IndexCandidate.Unquote(candidate.Keys[0]);
        var used = false;
        foreach (var use in item.Analyzed.UsesOf(candidate.Table))
        {
            used = true;
            if (first.StartsWith('(') || use.Referenced.Contains(first) || use.Referenced.All(c => candidate.Keys.Concat(candidate.Include).Any(k => IndexCandidate.Unquote(k).Equals(c, StringComparison.OrdinalIgnoreCase))))
            {
                return true;
            }
        }

        // A table that the reader of conditions did not find: the planner decides.
        return !used && !item.Writes && item.Analyzed.Statement.Tables.Contains(candidate.Table, StringComparer.OrdinalIgnoreCase);
    }

    async Task<List<IndexCandidate>> PruneAsync(List<IndexCandidate> chosen, CancellationToken cancellation)
    {
        for (var again = true; again;)
        {
            again = false;
            var total = await TotalAsync(chosen, cancellation).ConfigureAwait(false);
            foreach (var candidate in chosen.OrderByDescending(Bytes).ToList())
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

    /// <summary>Greedy steps fill the budget with small indexes: a large one that would serve more then no longer fits. Null when no exchange saves.</summary>
    async Task<List<IndexCandidate>?> SwapAsync(List<IndexCandidate> chosen, List<IndexCandidate> pool, CancellationToken cancellation)
    {
        var start = await TotalAsync(chosen, cancellation).ConfigureAwait(false);
        var (set, total) = (chosen, start);
        var missed = await MissedAsync(set, total, cancellation).ConfigureAwait(false);
        foreach (var candidate in pool)
        {
            if (set.Exists(c => c.Identity == candidate.Identity))
            {
                continue;
            }

            var next = set.Append(candidate).ToList();
            foreach (var least in missed.OrderBy(m => m.Value / Math.Max(4096, Bytes(m.Key))))
            {
                if (next.Sum(Bytes) <= budget && next.Count <= options.MaxIndexes)
                {
                    break;
                }

                next.Remove(least.Key);
            }

            if (next.Sum(Bytes) <= budget && await TotalAsync(next, cancellation).ConfigureAwait(false) is var cost && cost < total - options.MinimumGain * total)
            {
                (set, total) = (next, cost);
                missed = await MissedAsync(set, total, cancellation).ConfigureAwait(false);
            }
        }

        return total < start ? set : null;
    }

    /// <summary>What each chosen index saves beside the others.</summary>
    async Task<Dictionary<IndexCandidate, double>> MissedAsync(List<IndexCandidate> set, double total, CancellationToken cancellation)
    {
        var missed = new Dictionary<IndexCandidate, double>(ReferenceEqualityComparer.Instance);
        foreach (var candidate in set)
        {
            missed[candidate] = await TotalAsync([.. set.Where(c => !ReferenceEquals(c, candidate))], cancellation).ConfigureAwait(false) - total;
        }

        return missed;
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
