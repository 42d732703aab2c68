using Fettle.Caching.Memory;

namespace Fettle.Caching.Tests;

public class EntryMapTests
{
    readonly EntryMap _map = new();

    static CacheEntry<int> Entry(string key, int value = 0) => new(key, KeyHash.Of(key), MapHash.Of(key), value);

    CacheEntry<int>? Find(string key) => (CacheEntry<int>?)_map.Find(key, MapHash.Of(key));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void RandomChanges_AgreeWithADictionary(int seed)
    {
        var random = new Random(seed);
        var known = new Dictionary<string, CacheEntry<int>>();
        for (var i = 0; i < 40_000; i++)
        {
            var key = $"k{random.Next(3_000)}";
            var old = Find(key);
            old.ShouldBe(known.GetValueOrDefault(key));
            if (random.Next(3) > 0)
            {
                var entry = known[key] = Entry(key, i);
                _map.Add(entry);
                Find(key).ShouldBe(entry);
            }
            else
            {
                known.Remove(key);
            }

            if (old is not null)
            {
                _map.Remove(old).ShouldBeTrue();
                _map.Remove(old).ShouldBeFalse();
            }

            _map.Count.ShouldBe(known.Count);
        }

        _map.All().Select(e => e.Key).Order(StringComparer.Ordinal).ShouldBe(known.Keys.Order(StringComparer.Ordinal));
        _map.Clear();
        known.Keys.ShouldAllBe(k => Find(k) == null);
        _map.Count.ShouldBe(0);
    }

    [Fact]
    public void KeysOfOneHash_AreToldApart()
    {
        var (one, two) = (new CacheEntry<int>("one", 0, 7, 1), new CacheEntry<int>("two", 0, 7, 2));
        _map.Add(one);
        _map.Add(two);
        _map.Find("one", 7).ShouldBe(one);
        _map.Find("two", 7).ShouldBe(two);
        _map.Find("three", 7).ShouldBeNull();
        _map.Remove(one).ShouldBeTrue();
        _map.Find("one", 7).ShouldBeNull();
        _map.Find("two", 7).ShouldBe(two);
    }

    [Fact]
    public void WalkOverTheBuckets_MeetsWhatWasThereThoughTheMapGrows()
    {
        var there = Enumerable.Range(0, 500).Select(i => Entry($"first {i}")).ToList();
        there.ForEach(_map.Add);
        var met = new HashSet<CacheEntry>();
        for (var added = 0; _map.Cursor < _map.Buckets;)
        {
            for (var entry = _map.First(_map.Cursor); entry is not null; entry = entry.Chain)
            {
                met.Add(entry);
            }

            _map.Cursor++;
            if (added < 5_000)
            {
                _map.Add(Entry($"later {added++}"));
            }
        }

        there.ShouldAllBe(e => met.Contains(e));
    }

    [Fact]
    public async Task ReadersWithoutALock_NeverMeetWhatWasRemovedBeforeTheyBegan()
    {
        // The value of a key only grows; a reader that meets one smaller than what it read before met a removed entry.
        const int keys = 200;
        var newest = new int[keys];
        var writer = Task.Run(() =>
        {
            var random = new Random(5);
            for (var i = 1; i < 200_000; i++)
            {
                var key = random.Next(keys);
                var name = $"k{key}";
                var old = Find(name);
                _map.Add(Entry(name, i));
                if (old is not null)
                {
                    _map.Remove(old);
                }

                Volatile.Write(ref newest[key], i);
                if (i % 20_000 == 0)
                {
                    // Makes the map grow from its least size again, under the readers' feet.
                    var all = _map.All().ToList();
                    _map.Clear();
                    all.ForEach(_map.Add);
                }
            }
        });
        var readers = Enumerable.Range(0, 2).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            while (!writer.IsCompleted)
            {
                var key = random.Next(keys);
                var least = Volatile.Read(ref newest[key]);
                if (Find($"k{key}") is { } entry && (entry.Key != $"k{key}" || entry.Value < least))
                {
                    throw new InvalidOperationException($"{entry.Key} has {entry.Value}, expected k{key} with {least} or more");
                }
            }
        })).ToArray();
        await writer;
        await Task.WhenAll(readers);
        Enumerable.Range(0, keys).ShouldAllBe(k => newest[k] == 0 || Find($"k{k}")!.Value == newest[k]);
    }

    [Fact]
    public void Hash_IsOfTheTextAndSpreadsOverTheBuckets()
    {
        for (var length = 0; length < 40; length++)
        {
            var text = new string('a', length);
            MapHash.Of(text).ShouldBe(MapHash.Of(new string(text.ToCharArray())));
            var changed = Enumerable.Range(0, length).Select(i => MapHash.Of($"{text[..i]}b{text[(i + 1)..]}")).Append(MapHash.Of(text)).ToList();
            changed.Distinct().Count().ShouldBe(changed.Count);
        }

        // 100,000 keys in 131,072 buckets by a good hash: hardly any bucket has ten, none has twenty.
        var buckets = new int[1 << 17];
        for (var i = 0; i < 100_000; i++)
        {
            buckets[MapHash.Of($"user:profile:{i}") >> 15]++;
        }

        buckets.Max().ShouldBeLessThan(20);
    }
}
