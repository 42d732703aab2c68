using Fettle.Caching.Statistics;

namespace Fettle.Caching.Tests;

public class HeavyHittersTests
{
    [Fact]
    public void HeaviestKeys_AreHeldAndNeverUnderestimated()
    {
        var random = new Random(3);
        var sketch = new HeavyHitters(64);
        var truth = new Dictionary<string, long>();
        for (var i = 0; i < 50_000; i++)
        {
            var key = $"k{(int)Math.Pow(10_000, random.NextDouble())}";
            truth[key] = truth.GetValueOrDefault(key) + 1;
            sketch.Add(key, 1, 2);
        }

        var held = sketch.ToArray();
        held.Length.ShouldBe(64);
        var least = held.Min(h => h.Hits);
        foreach (var (key, hits, _, _) in held)
        {
            hits.ShouldBeInRange(truth[key], truth[key] + least);
        }

        truth.OrderByDescending(t => t.Value).Take(5).Select(t => t.Key).ShouldBeSubsetOf(held.Select(h => h.Key));
    }

    [Fact]
    public void YesterdaysFavourite_MakesRoom()
    {
        var sketch = new HeavyHitters(4, hitsUntilHalved: 1000);
        sketch.Add("old", 900, 900);
        for (var i = 0; i < 6000; i++)
        {
            sketch.Add($"new{i % 3}", 1, 1);
        }

        sketch.ToArray().OrderByDescending(k => k.Hits).Take(3).ShouldAllBe(k => k.Key.StartsWith("new"));
    }
}
