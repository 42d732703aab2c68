using Fettle.Caching.Memory;
using Fettle.Caching.Statistics;

namespace Fettle.Caching.Tests;

public class MemoryCurveTests
{
    [Theory]
    [InlineData(100, 0.8)]
    [InlineData(1000, 0.8)]
    [InlineData(1000, 1.0)]
    [InlineData(4000, 1.1)]
    public void Curve_AgreesWithLruCachesOfThoseSizes(int capacity, double exponent)
    {
        var random = new Random(3);
        var cumulative = new double[20 * capacity];
        var sum = 0.0;
        for (var i = 0; i < cumulative.Length; i++)
        {
            cumulative[i] = sum += 1 / Math.Pow(i + 1, exponent);
        }

        var curve = new MemoryCurve(capacity);
        var real = new[] { 0.5, 1, 2, 4 }.Select(f => new Lru((int)(f * capacity))).ToArray();
        const int requests = 400_000;
        for (var i = 0; i < requests; i++)
        {
            var rank = Array.BinarySearch(cumulative, random.NextDouble() * sum);
            var key = rank < 0 ? ~rank : rank;
            curve.See(KeyHash.Of($"key {key}"));
            foreach (var lru in real)
            {
                lru.Access(key);
            }
        }

        var points = curve.Read(requests);
        for (var i = 0; i < real.Length; i++)
        {
            points[i].Entries.ShouldBe((int)(capacity * points[i].Factor));
            points[i].HitRatePercent.ShouldBe(100.0 * real[i].Hits / requests, 4.0);
        }

        points.Select(p => p.HitRatePercent).ShouldBeInOrder();
    }

    [Fact]
    public void BeforeThereIsEnough_ThereIsNoCurve() => new MemoryCurve(1000).Read(50).ShouldBeEmpty();

    [Fact]
    public async Task Statistics_SayWhatTwiceTheMemoryWouldBring()
    {
        await using var cache = new FettleCache();
        var category = cache.Category<string>(new CategoryOptions("c") { MaxEntries = 100 });
        for (var i = 0; i < 20_000; i++)
        {
            await category.GetOrCreateAsync($"{i % 150}", _ => ValueTask.FromResult("v"));
        }

        // A loop over 150 keys: an LRU of 100 has none of them when they come again, one of 200 has all.
        category.GetStatistics().PointsOfTwiceTheMemory!.Value.ShouldBeGreaterThan(80);
    }

    sealed class Lru(int capacity)
    {
        readonly Dictionary<int, LinkedListNode<int>> _map = [];
        readonly LinkedList<int> _order = new();

        public int Hits { get; private set; }

        public void Access(int key)
        {
            if (_map.TryGetValue(key, out var node))
            {
                Hits++;
                _order.Remove(node);
            }
            else if (_map.Count == capacity)
            {
                _map.Remove(_order.First!.Value);
                _order.RemoveFirst();
            }

            _map[key] = _order.AddLast(key);
        }
    }
}
