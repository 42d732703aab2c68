using System.Globalization;
using Fettle.Testing;
using Xunit.Abstractions;

namespace Fettle.Caching.Tests;

/// <summary>The bytes that a cache counts against the bytes that it takes. Alone, because the whole process is measured.</summary>
[Collection(nameof(MemoryBoundTests))]
[CollectionDefinition(nameof(MemoryBoundTests), DisableParallelization = true)]
public class MemoryBoundTests(ITestOutputHelper output)
{
    public enum Keys
    {
        New,
        Loop,
        Zipf,
    }

    [Theory]
    [InlineData(20_000, Keys.New)]
    [InlineData(20_000, Keys.Zipf)]
    [InlineData(20_000, Keys.Loop)]
    [InlineData(30_000, Keys.New)]
    [InlineData(30_000, Keys.Zipf)]
    public async Task FullCache_TakesWhatItCounts(int entries, Keys keys)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await using var node = new CacheNode(new ManualTime(), options: new CategoryOptions("values") { MaxEntries = entries });
        await FillAsync(node, entries, keys);
        var taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        node.Values.Count.ShouldBe(entries);
        Within(taken, (await node.Cache.GetStatisticsAsync()).Bytes, entries);
    }

    [Theory]
    [InlineData(Keys.New)]
    [InlineData(Keys.Zipf)]
    public async Task ByteBound_HoldsForTheProcess_HoweverManyEntriesAreAllowed(Keys keys)
    {
        const long MaxBytes = 12 << 20;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await using var node = new CacheNode(new ManualTime(), options: new CategoryOptions("values") { MaxEntries = 100_000_000, MaxBytes = MaxBytes });
        await FillAsync(node, 25_000, keys);
        var taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        node.Values.GetStatistics().Bytes.ShouldBeInRange(MaxBytes - 1000, MaxBytes);
        Within(taken, MaxBytes, node.Values.Count);
    }

    void Within(long taken, long counted, int entries)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{entries} entries: {taken / (double)entries:0} bytes each, {counted / (double)entries:0} counted");
        output.WriteLine(text);
        ((double)taken).ShouldBeInRange(0.85 * counted, 1.15 * counted, text);
    }

    static async Task FillAsync(CacheNode node, int entries, Keys keys)
    {
        var random = new Random(1);
        for (var i = 0; i < 3 * entries; i++)
        {
            var number = keys switch
            {
                Keys.New => i,
                Keys.Loop => i % (entries * 5 / 4),

                // Densities that fall off as 1 / rank over a hundred times the entries.
                _ => (int)Math.Pow(100.0 * entries, random.NextDouble()),
            };
            var key = string.Create(CultureInfo.InvariantCulture, $"key:{number}");
            if (!node.Values.TryGet(key, out _))
            {
                await node.Values.SetAsync(key, new string('v', number % 100));
            }
        }
    }
}
